"""What every module stands on: money, writes, journal, HTTP, streams, AWS."""
