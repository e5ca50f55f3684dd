"""Another client's health checks, each on a new connection: python health_probe.py PORT SECONDS.

Prints one JSON object: the slowest check in seconds, their number, and how many had no answer 200.
"""

import http.client
import json
import sys
import time


def check(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def main(port: int, seconds: float) -> None:
    times = []
    failed = 0
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        failed += not check(port)
        times.append(time.monotonic() - begin)
        time.sleep(0.01)
    print(json.dumps({"slowest": max(times), "checks": len(times), "failed": failed}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
