"""Programs for developers of this repository; no part of either distribution."""
