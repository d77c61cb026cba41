"""Fields that a company adds to its records: defined in the settings, kept as typed values, seen wherever records are.

`records` names the types of records that may have them, `definitions` what fields there are, `kinds` which values fit,
`values` reads and masks them, `writing` writes them with their record, `lists` finds and orders records by them,
`commands` changes the definitions.
"""
