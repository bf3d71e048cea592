"""`python -m lab`: starts the lab and prints where it listens, one JSON line on stdout."""

from __future__ import annotations

import argparse
import ipaddress
import sys

from lab.server import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="lab", description="An AWS lab on loopback (see README.md).")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--auth", action="store_true", help="enforce IAM policies and signatures")
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin is closed")
    options = parser.parse_args()
    if not _is_loopback(options.host):
        sys.exit(f"--host is {options.host}; the lab listens on loopback addresses only, like 127.0.0.1")
    run(options.host, options.port, auth=options.auth, watch_stdin=options.watch_stdin)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    main()
