"""The web entrance: assembly only (app, routers, middleware, error rendering, documentation, health). No logic."""
