"""Python's requests: one Session, or `requests.get`. The same command line, checks and output line as the compiled
clients."""
import resource
import sys
import time

import requests

SMALL, LARGE, HUGE = 100, 8 << 20, 256 << 20
SIZES = {"get": SMALL, "once": SMALL, "body8": LARGE, "stream256": HUGE}
WARM_UP = {"get": 100, "once": 100, "body8": 2, "stream256": 0}


def pattern(offset):
    return ord("a") + offset % LARGE // 4096 % 26


def expect(holds, why):
    if not holds:
        sys.exit(f"benchmark client: {why}")


def whole(session, url, size):
    response = session.get(url)
    expect(response.status_code == 200, "the status is not 200")
    body = response.content
    expect(len(body) == size, "the body has the wrong size")
    for at in range(0, size, size // 64 if size > SMALL else size):
        expect(body[at] == pattern(at), "the body is not what was sent")
    return len(body)


def streamed(session, url, size):
    received = 0
    with session.get(url, stream=True) as response:
        expect(response.status_code == 200, "the status is not 200")
        for chunk in response.iter_content(256 * 1024):
            expect(chunk[0] == pattern(received), "the streamed body is not what was sent")
            received += len(chunk)
    expect(received == size, "the streamed body has the wrong size")
    return received


def main():
    expect(len(sys.argv) == 4 and sys.argv[2] in SIZES, "usage: client URL MODE COUNT")
    url, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    exchange = streamed if mode == "stream256" else whole
    session = requests if mode == "once" else requests.Session()
    for _ in range(WARM_UP[mode]):
        exchange(session, url, SIZES[mode])
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    received = sum(exchange(session, url, SIZES[mode]) for _ in range(count))
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    print(f"requests={count} bytes={received} user={after.ru_utime - before.ru_utime:.6f} "
          f"sys={after.ru_stime - before.ru_stime:.6f} wall={wall:.6f}")


main()
