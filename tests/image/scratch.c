// SPDX-License-Identifier: BSD-2-Clause
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include "scratch.h"

static char scratch[PATH_MAX];

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static void scratch_remove(void)
{
	nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
	/* each name once, for as long as the process lives */
	static struct {
		char name[64], path[PATH_MAX];
	} known[64];

	if (!*scratch) {
		/* memory, where there is such a place: thousands of small files come and go */
		snprintf(scratch, sizeof(scratch), "%s/bpfuse-image-test-XXXXXX",
			 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		cr_assert(mkdtemp(scratch) != NULL);
		atexit(scratch_remove);
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (*known[i].name && strcmp(known[i].name, name) != 0)
			continue;
		snprintf(known[i].name, sizeof(known[i].name), "%s", name);
		snprintf(known[i].path, sizeof(known[i].path), "%.4000s/%s", scratch, name);
		return known[i].path;
	}
	cr_assert_fail("too many names");
	return NULL;
}
