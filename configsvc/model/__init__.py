"""Resources, targets, quantities and findings: frozen values without I/O and without a wire format."""
