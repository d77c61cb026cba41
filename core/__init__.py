"""What every module stands on: configuration, database, plan, money, numbering, outbox, audit, users, parties,
catalog."""
