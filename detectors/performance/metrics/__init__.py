"""Realised quality: metrics of labelled events, each with a 95% interval and its effective sample size.

Modules of one family each are pure: sums or columns in, figures out. ``reading`` gets the sums from
ClickHouse.
"""
