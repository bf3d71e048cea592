"""An AWS lab on loopback: ministack for the neighbours, CloudTrail written here (see README.md)."""
