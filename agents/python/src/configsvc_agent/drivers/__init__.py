"""Runs guarded calls: the engine's decisions, carried out with real clocks, threads and tasks.

The shape of use, sync and async over the same state machines::

    machines = Machines(lock=threading.Lock)          # one per process
    guard = Guard(machines, Edge("player-engine", "score-engine", "get-score"), policy)

    guard.call(fetch, 42)                             # fetch(42), guarded
    await guard.acall(fetch_async, 42)                # cancelled when its time is up

    guard.run(send, facts)                            # send(attempt): attempt.timeout in seconds
    await guard.arun(send, facts)

    guard = guard.replaced(new_policy)                # after a new bundle; machines keep their state

``facts`` (:class:`~configsvc_agent.engine.call.Facts`) tell what the engine cannot know: the HTTP
method, whether an idempotency key is sent, the deadline that came in, the key of the rate limit.
A successful call returns what the callable returned. A refused or cut one raises a
:class:`~configsvc_agent.errors.CallError`; a failed one raises what the callable raised.
"""
