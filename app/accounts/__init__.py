"""Accounts: users and how they prove who they are, tenants and their members, sessions, roles and permissions."""
