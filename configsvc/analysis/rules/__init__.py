"""Every rule, one module each. The tuple is explicit: a rule counts once it is listed here."""

from configsvc.analysis.rule import Rule
from configsvc.analysis.rules.am01_amplified_path import AmplifiedPath
from configsvc.analysis.rules.am02_stacked_layers import StackedLayers
from configsvc.analysis.rules.am03_stacked_retries import StackedRetries
from configsvc.analysis.rules.am04_retry_storm import RetryStorm
from configsvc.analysis.rules.am05_dominating_floor import DominatingFloor
from configsvc.analysis.rules.am06_starving_retry_cap import StarvingRetryCap
from configsvc.analysis.rules.am07_permanent_throttle import PermanentThrottle
from configsvc.analysis.rules.am08_overridden_cap import OverriddenCap
from configsvc.analysis.rules.am09_boundless_retries import BoundlessRetries
from configsvc.analysis.rules.bf01_endpoint_out_of_time import EndpointOutOfTime
from configsvc.analysis.rules.bf02_blocking_optional_call import BlockingOptionalCall
from configsvc.analysis.rules.bf03_fanout_tail import FanoutTail
from configsvc.analysis.rules.bh01_small_bulkhead import SmallBulkhead
from configsvc.analysis.rules.bh02_shared_pool_exhausted import SharedPoolExhausted
from configsvc.analysis.rules.bh03_queue_outlives_deadline import QueueOutlivesDeadline
from configsvc.analysis.rules.bh04_permit_held_in_backoff import PermitHeldInBackoff
from configsvc.analysis.rules.bh05_full_bulkhead_retried import FullBulkheadRetried
from configsvc.analysis.rules.bh06_abandoned_work import AbandonedWork
from configsvc.analysis.rules.bh07_pool_below_bulkhead import PoolBelowBulkhead
from configsvc.analysis.rules.bh08_nominal_isolation import NominalIsolation
from configsvc.analysis.rules.bh09_oversubscribed_callee import OversubscribedCallee
from configsvc.analysis.rules.cg01_call_cycle import CallCycle
from configsvc.analysis.rules.cg02_undeclared_callee import UndeclaredCallee
from configsvc.analysis.rules.dl01_inverted_deadline import InvertedDeadline
from configsvc.analysis.rules.dl02_deadline_without_slack import DeadlineWithoutSlack
from configsvc.analysis.rules.dl03_deadline_lost_midway import DeadlineLostMidway
from configsvc.analysis.rules.dl04_overlapping_attempts import OverlappingAttempts
from configsvc.analysis.rules.dl05_implied_default import ImpliedDefault
from configsvc.analysis.rules.dl06_calls_beyond_limit import CallsBeyondLimit
from configsvc.analysis.rules.dl07_inverted_keepalive import InvertedKeepalive
from configsvc.analysis.rules.dl08_promise_out_of_reach import PromiseOutOfReach
from configsvc.analysis.rules.dl09_ambiguous_zero import AmbiguousZero
from configsvc.analysis.rules.ds01_stale_instances import StaleInstances
from configsvc.analysis.rules.ds02_short_drain import ShortDrain
from configsvc.analysis.rules.ds03_fragile_lease import FragileLease
from configsvc.analysis.rules.ds04_immortal_connections import ImmortalConnections
from configsvc.analysis.rules.ds05_overlapping_probes import OverlappingProbes
from configsvc.analysis.rules.gw01_shadowed_route import ShadowedRoute
from configsvc.analysis.rules.gw02_order_by_name import OrderByName
from configsvc.analysis.rules.gw03_dangling_reference import DanglingReference
from configsvc.analysis.rules.gw04_divergent_overlap import DivergentOverlap
from configsvc.analysis.rules.gw05_authentication_gap import AuthenticationGap
from configsvc.analysis.rules.gw06_replaced_policy import ReplacedPolicy
from configsvc.analysis.rules.gw07_weightless_route import WeightlessRoute
from configsvc.analysis.rules.gw08_gateway_loop import GatewayLoop
from configsvc.analysis.rules.gw09_orphan_policy import OrphanPolicy
from configsvc.analysis.rules.gw10_policy_beyond_envoy import PolicyBeyondEnvoy
from configsvc.analysis.rules.hg01_hedged_side_effect import HedgedSideEffect
from configsvc.analysis.rules.hg02_hedged_retry import HedgedRetry
from configsvc.analysis.rules.hg03_late_hedge import LateHedge
from configsvc.analysis.rules.hg04_early_hedge import EarlyHedge
from configsvc.analysis.rules.hg05_inert_hedge import InertHedge
from configsvc.analysis.rules.hg06_unthrottled_hedge import UnthrottledHedge
from configsvc.analysis.rules.hg07_hedge_on_same_instance import HedgeOnSameInstance
from configsvc.analysis.rules.od01_all_ejectable import AllEjectable
from configsvc.analysis.rules.od02_panic_overrules_ejection import PanicOverrulesEjection
from configsvc.analysis.rules.od03_overloaded_survivors import OverloadedSurvivors
from configsvc.analysis.rules.od04_probe_ends_ejection import ProbeEndsEjection
from configsvc.analysis.rules.od05_one_request_ejects import OneRequestEjects
from configsvc.analysis.rules.od06_uncounted_failures import UncountedFailures
from configsvc.analysis.rules.od07_inert_outlier_detection import InertOutlierDetection
from configsvc.analysis.rules.rb01_breaker_around_retry import BreakerAroundRetry
from configsvc.analysis.rules.rb02_open_breaker_retried import OpenBreakerRetried
from configsvc.analysis.rules.rb03_one_request_trips import OneRequestTrips
from configsvc.analysis.rules.rb04_starved_breaker import StarvedBreaker
from configsvc.analysis.rules.rb05_minimum_above_window import MinimumAboveWindow
from configsvc.analysis.rules.rb06_window_below_attempts import WindowBelowAttempts
from configsvc.analysis.rules.rb07_hang_blind_breaker import HangBlindBreaker
from configsvc.analysis.rules.rb08_unreachable_slow_call import UnreachableSlowCall
from configsvc.analysis.rules.rb09_healthy_calls_trip import HealthyCallsTrip
from configsvc.analysis.rules.rb10_unrecorded_timeouts import UnrecordedTimeouts
from configsvc.analysis.rules.rb11_client_errors_trip import ClientErrorsTrip
from configsvc.analysis.rules.rb12_rejections_recorded import RejectionsRecorded
from configsvc.analysis.rules.rb13_stalled_half_open import StalledHalfOpen
from configsvc.analysis.rules.rb14_half_open_flood import HalfOpenFlood
from configsvc.analysis.rules.rb15_retry_masks_failures import RetryMasksFailures
from configsvc.analysis.rules.rb16_breaker_for_all_instances import BreakerForAllInstances
from configsvc.analysis.rules.rb18_consecutive_blind import ConsecutiveBlind
from configsvc.analysis.rules.rb19_unchecked_retry import UncheckedRetry
from configsvc.analysis.rules.rb20_fallback_inside_retry import FallbackInsideRetry
from configsvc.analysis.rules.rb21_open_below_hang import OpenBelowHang
from configsvc.analysis.rules.rl01_limits_beyond_callee import LimitsBeyondCallee
from configsvc.analysis.rules.rl02_retries_before_refill import RetriesBeforeRefill
from configsvc.analysis.rules.rl03_wait_beyond_deadline import WaitBeyondDeadline
from configsvc.analysis.rules.rl04_retries_eat_quota import RetriesEatQuota
from configsvc.analysis.rules.rl05_permit_beyond_deadline import PermitBeyondDeadline
from configsvc.analysis.rules.rl06_overload_ignored import OverloadIgnored
from configsvc.analysis.rules.rl07_fanout_beyond_limit import FanoutBeyondLimit
from configsvc.analysis.rules.rt01_ineffective_attempt_limit import IneffectiveAttemptLimit
from configsvc.analysis.rules.rt02_retry_without_attempt_limit import RetryWithoutAttemptLimit
from configsvc.analysis.rules.rt03_dead_attempts import DeadAttempts
from configsvc.analysis.rules.rt04_backoff_beyond_deadline import BackoffBeyondDeadline
from configsvc.analysis.rules.rt05_short_wrapper import ShortWrapper
from configsvc.analysis.rules.rt06_unlimited_retries import UnlimitedRetries
from configsvc.analysis.rules.rt07_unlimited_call import UnlimitedCall
from configsvc.analysis.rules.rt08_soft_deadline import SoftDeadline
from configsvc.analysis.rules.rt09_slow_connect import SlowConnect
from configsvc.analysis.rules.rt10_false_timeouts import FalseTimeouts
from configsvc.analysis.rules.rt11_unretried_attempt_limit import UnretriedAttemptLimit
from configsvc.analysis.rules.rt12_inert_retry import InertRetry
from configsvc.analysis.rules.rt13_silent_clamp import SilentClamp
from configsvc.analysis.rules.rt14_final_deadline_retried import FinalDeadlineRetried
from configsvc.analysis.rules.rt15_retries_in_step import RetriesInStep
from configsvc.analysis.rules.rt16_shrinking_backoff import ShrinkingBackoff
from configsvc.analysis.rules.rt17_repeated_side_effect import RepeatedSideEffect
from configsvc.analysis.rules.rt18_permanent_failure_retried import PermanentFailureRetried
from configsvc.analysis.rules.rt19_doomed_last_attempt import DoomedLastAttempt
from configsvc.analysis.rules.rt20_unreplayable_body import UnreplayableBody
from configsvc.analysis.rules.rt21_stream_with_deadline import StreamWithDeadline
from configsvc.analysis.rules.sc01_unitless_duration import UnitlessDuration
from configsvc.analysis.rules.sc02_ambiguous_field import AmbiguousField
from configsvc.analysis.rules.sc03_unsupported_feature import UnsupportedFeature
from configsvc.analysis.rules.sc04_stale_waiver import StaleWaiver

ALL: tuple[type[Rule], ...] = (
    AmplifiedPath,
    StackedLayers,
    StackedRetries,
    RetryStorm,
    DominatingFloor,
    StarvingRetryCap,
    PermanentThrottle,
    OverriddenCap,
    BoundlessRetries,
    EndpointOutOfTime,
    BlockingOptionalCall,
    FanoutTail,
    SmallBulkhead,
    SharedPoolExhausted,
    QueueOutlivesDeadline,
    PermitHeldInBackoff,
    FullBulkheadRetried,
    AbandonedWork,
    PoolBelowBulkhead,
    NominalIsolation,
    OversubscribedCallee,
    CallCycle,
    UndeclaredCallee,
    InvertedDeadline,
    DeadlineWithoutSlack,
    DeadlineLostMidway,
    OverlappingAttempts,
    ImpliedDefault,
    CallsBeyondLimit,
    InvertedKeepalive,
    PromiseOutOfReach,
    AmbiguousZero,
    StaleInstances,
    ShortDrain,
    FragileLease,
    ImmortalConnections,
    OverlappingProbes,
    ShadowedRoute,
    OrderByName,
    DanglingReference,
    DivergentOverlap,
    AuthenticationGap,
    ReplacedPolicy,
    WeightlessRoute,
    GatewayLoop,
    OrphanPolicy,
    PolicyBeyondEnvoy,
    HedgedSideEffect,
    HedgedRetry,
    LateHedge,
    EarlyHedge,
    InertHedge,
    UnthrottledHedge,
    HedgeOnSameInstance,
    AllEjectable,
    PanicOverrulesEjection,
    OverloadedSurvivors,
    ProbeEndsEjection,
    OneRequestEjects,
    UncountedFailures,
    InertOutlierDetection,
    BreakerAroundRetry,
    OpenBreakerRetried,
    OneRequestTrips,
    StarvedBreaker,
    MinimumAboveWindow,
    WindowBelowAttempts,
    HangBlindBreaker,
    UnreachableSlowCall,
    HealthyCallsTrip,
    UnrecordedTimeouts,
    ClientErrorsTrip,
    RejectionsRecorded,
    StalledHalfOpen,
    HalfOpenFlood,
    RetryMasksFailures,
    BreakerForAllInstances,
    ConsecutiveBlind,
    UncheckedRetry,
    FallbackInsideRetry,
    OpenBelowHang,
    LimitsBeyondCallee,
    RetriesBeforeRefill,
    WaitBeyondDeadline,
    RetriesEatQuota,
    PermitBeyondDeadline,
    OverloadIgnored,
    FanoutBeyondLimit,
    IneffectiveAttemptLimit,
    RetryWithoutAttemptLimit,
    DeadAttempts,
    BackoffBeyondDeadline,
    ShortWrapper,
    UnlimitedRetries,
    UnlimitedCall,
    SoftDeadline,
    SlowConnect,
    FalseTimeouts,
    UnretriedAttemptLimit,
    InertRetry,
    SilentClamp,
    FinalDeadlineRetried,
    RetriesInStep,
    ShrinkingBackoff,
    RepeatedSideEffect,
    PermanentFailureRetried,
    DoomedLastAttempt,
    UnreplayableBody,
    StreamWithDeadline,
    UnitlessDuration,
    AmbiguousField,
    UnsupportedFeature,
    StaleWaiver,
)
"""In the order of the modules, which is that of the codes."""

RETIRED = {"RB17": "RB16"}
"""Codes that are never used again, and the rule that covers what they found."""
