// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "owner.h"

/* Field 22 of /proc/PID/stat; the command name before it may hold anything but ends with ')'. */
static unsigned long long process_start(long pid)
{
	char path[48], line[1024];
	unsigned long long start = 0;
	cleanup_fclose FILE *file = NULL;
	const char *at;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	length = fread(line, 1, sizeof(line) - 1, file);
	line[length] = '\0';
	at = strrchr(line, ')');
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu",
			  &start) != 1)
		return 0;
	return start;
}

void owner_print(char text[OWNER_TEXT_SIZE])
{
	snprintf(text, OWNER_TEXT_SIZE, "%ld-%llu", (long)getpid(), process_start(getpid()));
}

bool owner_alive(const char *text)
{
	unsigned long long start;
	long pid;

	if (sscanf(text, "%ld-%llu", &pid, &start) != 2 || pid <= 0)
		return false;
	return process_start(pid) == start && (!kill((pid_t)pid, 0) || errno == EPERM);
}

const char *owner_temporary_place(void)
{
	const char *place = getenv("TMPDIR");

	return place && *place ? place : "/tmp";
}

void owner_temporary(char path[PATH_MAX])
{
	char owner[OWNER_TEXT_SIZE];

	owner_print(owner);
	snprintf(path, PATH_MAX, "%.4000s/" OWNER_TEMPORARY "%s-XXXXXX", owner_temporary_place(),
		 owner);
}
