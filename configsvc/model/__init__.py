"""Resources, targets, quantities and findings: frozen values without I/O or a wire format."""
