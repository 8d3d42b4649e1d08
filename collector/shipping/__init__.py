"""From the spool to ClickHouse: every accepted event once, and the count of every other."""

from collector.shipping.shipper import Shipper, ShippingStats

__all__ = ["Shipper", "ShippingStats"]
