# SPDX-License-Identifier: BSD-2-Clause
"""What checks of runs that do not end well share: programs are run, timed, killed; results as TAP."""
import random
import signal
import subprocess
import time


def run(*words, statuses=(0,)):
    """statuses None: any will do."""
    done = subprocess.run(words, capture_output=True, text=True)
    if statuses is not None and done.returncode not in statuses:
        raise AssertionError(f'{" ".join(words)}: exit {done.returncode}: {done.stderr}')
    return done


def killed_after(seconds, words):
    """Whether it still ran then."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return process.returncode == -signal.SIGKILL


def duration(words):
    """Of a run of bpfsnap, with omissions or without."""
    start = time.monotonic()
    run(*words, statuses=(0, 3))
    return time.monotonic() - start


def moments(count, words, before, after):
    """Kills `words` count times; before() and after() surround each run. How many runs it took."""
    times = []
    for _ in range(3):
        before()
        times.append(duration(words))
        after()
    whole, kills, runs = sorted(times)[1], 0, 0
    while kills < count:
        before()
        kills += killed_after(random.uniform(0, whole), words)
        runs += 1
        after()
        assert runs < 20 * count, 'the runs end before they can be killed'
    return runs


def tap(checks, seed, stop_at_failure=False):
    """Titles and functions, called in turn, that return what there is to tell. How many failed."""
    failed = 0
    print(f'1..{len(checks)}', flush=True)
    for number, (title, check) in enumerate(checks, 1):
        try:
            told = check()
            print(f'ok {number} - {title}: {told} (seed {seed})', flush=True)
        except AssertionError as problem:
            failed += 1
            print(f'not ok {number} - {title} (seed {seed})\n# {problem}', flush=True)
            if stop_at_failure:
                break
    return failed
