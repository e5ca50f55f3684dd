"""Four clients on keep-alive connections: python load.py SECONDS [CA_FILE]; prints JSON."""

import collections
import http.client
import json
import ssl
import sys
import threading
import time

SECONDS = float(sys.argv[1])
counts: collections.Counter[str] = collections.Counter()


def send_requests() -> None:
    """Send requests until the time is over."""
    end = time.monotonic() + SECONDS
    if sys.argv[2:]:
        context = ssl.create_default_context(cafile=sys.argv[2])
        connection = http.client.HTTPSConnection("test-gateway", 443, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
    while time.monotonic() < end:
        try:
            connection.request("POST", "/predict", b"{}")
            response = connection.getresponse()
            response.read()
            counts[str(response.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            counts[type(error).__name__] += 1
            connection.close()
            time.sleep(0.01)


threads = [threading.Thread(target=send_requests) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(counts))
