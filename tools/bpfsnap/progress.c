// SPDX-License-Identifier: BSD-2-Clause
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bpfsnap.h"

/* Seconds between two pictures of the bar, and before the first one. */
#define PROGRESS_STEP 0.1
#define PROGRESS_AFTER 1.0

static struct {
	bool terminal, shown;
	char what[64];
	double begun, drawn; /* of this map; of the bar */
} bar;

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = 1;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void elements_draw(uint64_t done, uint64_t total, double time)
{
	double seconds = time - bar.begun, rate = seconds > 0 ? (double)done / seconds : 0;
	double left = rate > 0 && total > done ? (double)(total - done) / rate : 0;
	unsigned percent = total ? (unsigned)(100 * done / total) : 0;

	if (total && done <= total)
		fprintf(stderr, "[%-20.*s] %3u%% ", (int)(percent / 5), "####################",
			percent);
	fprintf(stderr, "%" PRIu64 " elements, %.0f/s, %.0f s left", done, rate, left);
}

static void bar_draw(uint64_t done, uint64_t total, double time)
{
	fprintf(stderr, "\r%-24.24s ", bar.what);
	if (done || total)
		elements_draw(done, total, time);
	fputs("\033[K", stderr);
	fflush(stderr);
	bar.shown = true;
	bar.drawn = time;
}

static int progress_show(void *context, const char *what, uint64_t done, uint64_t total)
{
	double time;

	if (stopped)
		return 1;
	if (!bar.terminal)
		return 0;
	time = now();
	if (strncmp(bar.what, what, sizeof(bar.what) - 1) != 0) {
		snprintf(bar.what, sizeof(bar.what), "%s", what);
		bar.begun = time;
	}
	if (time - bar.drawn >= PROGRESS_STEP)
		bar_draw(done, total, time);
	return 0;
}

/* Of who was told to ignore them (nohup) they stay ignored. A reader that goes away is an error. */
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void signals_set(void (*from)(int), void (*to)(int))
{
	struct sigaction old, action = {.sa_handler = to};

	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
		if (!sigaction(ending_signals[i], NULL, &old) && old.sa_handler == from)
			sigaction(ending_signals[i], &action, NULL);
}

struct snapshot_progress progress_start(bool quiet)
{
	signals_set(SIG_DFL, stop);
	signal(SIGPIPE, SIG_IGN);
	bar.terminal = !quiet && isatty(STDERR_FILENO);
	bar.drawn = now() + PROGRESS_AFTER - PROGRESS_STEP;
	return (struct snapshot_progress){.report = progress_show};
}

bool progress_stop(void)
{
	progress_end();
	signals_set(stop, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	return stopped;
}

void progress_end(void)
{
	if (bar.shown)
		fputs("\r\033[K", stderr);
	bar.shown = false;
}
