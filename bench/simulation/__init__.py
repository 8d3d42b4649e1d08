"""False alarms and power of the evidence procedure, simulated on seeded streams without a database.

A model-month is 25 fields x 720 hourly windows of about 1,000 rows after a baseline: a file of 10,000 rows,
or two weeks of hourly windows. Every kind of stream is a row of :mod:`bench.simulation.kinds`; every month
has its own seed, so anyone can run one again: ``python -m bench.simulation --kinds iid --only 17``.
"""
