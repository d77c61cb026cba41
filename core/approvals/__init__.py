"""Approvals: one mechanism for everything that needs a second pair of eyes.

A rule says of a kind (credit, discount, write-off, adjustment, reopening) from which measure on it needs an approval,
and whose, step by step. A command calls `require.require` where it knows the measure; above the threshold it goes on
only with an approval of exactly that, which is used up in the same plan. `asking` makes requests by running the very
command that would be refused, `deciding` takes decisions in order, `carrying` does what was approved.

Nobody approves his own, and nobody decides two steps of one request. Where nobody but the requester could approve at
all, nobody is locked out: the command goes on with a warning and a row in the audit trail. Credit is the exception,
since there the limit itself can be raised by whoever is alone.
"""
