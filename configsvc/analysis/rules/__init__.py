"""Every rule, one module each. The tuple is explicit: a rule counts once it is listed here."""

from configsvc.analysis.rule import Rule
from configsvc.analysis.rules.am01_amplified_path import AmplifiedPath
from configsvc.analysis.rules.rb08_unreachable_slow_call import UnreachableSlowCall
from configsvc.analysis.rules.rt01_ineffective_attempt_limit import IneffectiveAttemptLimit
from configsvc.analysis.rules.rt03_dead_attempts import DeadAttempts
from configsvc.analysis.rules.rt07_unlimited_call import UnlimitedCall
from configsvc.analysis.rules.rt17_repeated_side_effect import RepeatedSideEffect

ALL: tuple[type[Rule], ...] = (
    AmplifiedPath,
    UnreachableSlowCall,
    IneffectiveAttemptLimit,
    DeadAttempts,
    UnlimitedCall,
    RepeatedSideEffect,
)
