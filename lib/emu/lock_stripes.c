// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/lock_stripes.h"

int lock_stripes_init(struct lock_stripes *locks, uint32_t numbers)
{
	uint32_t count = 1;

	while (count < numbers && count < LOCK_STRIPES_MAX)
		count *= 2;
	locks->stripes = aligned_alloc(64, count * sizeof(*locks->stripes));
	if (!locks->stripes)
		return -ENOMEM;
	locks->mask = count - 1;
	for (uint32_t i = 0; i < count; i++)
		pthread_mutex_init(&locks->stripes[i].mutex, NULL);
	return 0;
}

void lock_stripes_destroy(struct lock_stripes *locks)
{
	if (!locks->stripes)
		return;
	for (uint32_t i = 0; i <= locks->mask; i++)
		pthread_mutex_destroy(&locks->stripes[i].mutex);
	free(locks->stripes);
	locks->stripes = NULL;
}
