"""What every floor stands on: settings, database, tenancy, time, ids, errors. Knows no feature."""
