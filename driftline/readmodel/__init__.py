"""What people are shown: typed, frozen views of the store that the API and the web pages share.

One concern a module, its statements beside it as ``.sql``. Tables that hold changing state are read
at their latest version only. Nothing here writes, and nothing here decides: findings, performance and
episodes are shown with what they rest on (rows, effective rows, coverage, interval), and a figure that
is not a finite number is ``None``.
"""
