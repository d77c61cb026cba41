"""Lists, declared once: which columns a kind of record has, and what a person asks of them.

A `Source` says where rows come from and what each column is; a `State` is what somebody asks for: words, conditions,
an order, columns, a grouping. From the two, `core.lists.reading` makes the page, its counts and sums, the
rows of an export and the records that a bulk action is about, so that all of them speak of the same rows.
"""
