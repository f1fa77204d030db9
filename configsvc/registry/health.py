"""What a row of health checks says of one instance."""

from dataclasses import dataclass


@dataclass(slots=True)
class Health:
    """Turns after so many equal answers in a row, and not before.

    Args:
        healthy: what it says now.
        healthy_after: good answers in a row that make an unhealthy instance healthy.
        unhealthy_after: bad answers in a row that make a healthy one unhealthy.
    """

    healthy: bool
    healthy_after: int
    unhealthy_after: int
    row: int = 0

    def checked(self, *, good: bool) -> bool:
        """Take one answer; whether that changed what it says."""
        if good == self.healthy:
            self.row = 0
            return False
        self.row += 1
        if self.row < (self.healthy_after if good else self.unhealthy_after):
            return False
        self.healthy, self.row = good, 0
        return True
