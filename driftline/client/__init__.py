"""The client for Python servers: records inferences from inside the server, for a collector beside it.

>>> from driftline.client import Client
>>> client = Client("/run/driftline/client.sock", model="digits-ocr", version="3")
>>> client.record(inputs={"pixels": [0.0, 0.5, 1.0]}, outputs={"digit": "7"}, latency_ms=4.2)
>>> client.close()

Standard library only, and nothing else of Driftline: it is safe to import into any server. Recording puts a
copy of the values into a bounded queue and returns; it never waits and never raises. A thread of its own
sends what is queued. What does not fit is dropped, counted, and reported to the collector.
"""

from driftline.client.client import Call, Client

__all__ = ["Call", "Client"]
