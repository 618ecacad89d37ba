// SPDX-License-Identifier: BSD-2-Clause
/*
 * Open addressing: an entry stands in the first slot from its home on that was free, at most
 * PROBES away. The table doubles when three quarters are in use, until it has its greatest size;
 * where no slot is free any more the oldest gives way. Nothing is ever taken out otherwise.
 */
#include "seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 4096u
#define SLOTS_MAX (1u << 20)
#define PROBES 64
#define DIGEST_BITS 26
#define TIME_BITS 38 /* of milliseconds: eight years of a mount */

struct entry {
	uint64_t ino; /* 0: free */
	uint64_t digest : DIGEST_BITS;
	uint64_t mtime : TIME_BITS; /* since `began` */
};

struct seen {
	pthread_mutex_t lock;
	struct entry *entries;
	uint32_t slots, used;
	int64_t began; /* ms since the epoch */
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return NULL;
	seen->slots = SLOTS_MIN;
	seen->began = now_ms();
	seen->entries = calloc(SLOTS_MIN, sizeof(*seen->entries));
	if (!seen->entries) {
		free(seen);
		return NULL;
	}
	pthread_mutex_init(&seen->lock, NULL);
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	pthread_mutex_destroy(&seen->lock);
	free(seen->entries);
	free(seen);
}

uint64_t seen_digest(uint64_t digest, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t), byte += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, byte, sizeof(word));
		digest = (digest ^ word) * 0x9fb21c651e98df25u;
		digest ^= digest >> 28;
	}
	for (; length; length--, byte++)
		digest = (digest ^ *byte) * 0x100000001b3u;
	return digest ^ digest >> 32;
}

static struct entry *slot(const struct seen *seen, uint64_t ino, uint32_t step)
{
	uint32_t home = (uint32_t)(ino * 0x9e3779b97f4a7c15u >> 32);
	return &seen->entries[(home + step) & (seen->slots - 1)];
}

/* The entry of ino, or the free slot where it would stand, or the one that gives way. */
static struct entry *find(const struct seen *seen, uint64_t ino)
{
	struct entry *oldest = slot(seen, ino, 0);
	for (uint32_t step = 0; step < PROBES; step++) {
		struct entry *entry = slot(seen, ino, step);
		if (!entry->ino || entry->ino == ino)
			return entry;
		if (entry->mtime < oldest->mtime)
			oldest = entry;
	}
	return oldest;
}

static void grow(struct seen *seen)
{
	struct seen bigger = {.slots = seen->slots * 2};
	bigger.entries = calloc(bigger.slots, sizeof(*bigger.entries));
	if (!bigger.entries)
		return;
	for (size_t i = 0; i < seen->slots; i++)
		if (seen->entries[i].ino)
			*find(&bigger, seen->entries[i].ino) = seen->entries[i];
	free(seen->entries);
	seen->entries = bigger.entries;
	seen->slots = bigger.slots;
}

/* For an ino that has none yet. */
static struct entry *new_entry(struct seen *seen, uint64_t ino)
{
	if (seen->used >= seen->slots / 4 * 3 && seen->slots < SLOTS_MAX)
		grow(seen);
	struct entry *entry = find(seen, ino);
	seen->used += !entry->ino;
	return entry;
}

static uint64_t time_since(const struct seen *seen)
{
	int64_t passed = now_ms() - seen->began;
	const int64_t most = (1ll << TIME_BITS) - 1;
	return (uint64_t)(passed < 0 ? 0 : passed > most ? most : passed);
}

struct timespec seen_mtime(struct seen *seen, uint64_t ino, uint64_t digest)
{
	digest &= (1u << DIGEST_BITS) - 1;
	pthread_mutex_lock(&seen->lock);
	struct entry *entry = find(seen, ino);
	if (entry->ino != ino)
		entry = new_entry(seen, ino);
	if (entry->ino != ino || entry->digest != digest)
		*entry = (struct entry){ino, digest, time_since(seen)};
	int64_t mtime = seen->began + (int64_t)entry->mtime;
	pthread_mutex_unlock(&seen->lock);
	return (struct timespec){mtime / 1000, mtime % 1000 * 1000000};
}
