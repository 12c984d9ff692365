"""The outside world: one folder per vendor or kind of source, behind the Protocols of contracts/. Knows no database, no
web framework, no queue and no feature.
"""
