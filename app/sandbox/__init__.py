"""The double of the outside world: invented goods, later the vendors' own protocols. Knows nothing of integrations/."""
