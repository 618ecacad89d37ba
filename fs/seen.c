/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of WAYS entries, the set chosen by the inode number. A full set makes the table double
 * until it has its greatest size; then the oldest of the set gives way.
 */
#include "seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define SETS_MIN 512u
#define SETS_MAX (1u << 17) /* 2^20 entries of 24 bytes */

struct entry {
	uint64_t ino; /* 0: free */
	uint64_t digest;
	int64_t mtime; /* ns since the epoch */
};

struct seen {
	pthread_mutex_t lock;
	struct entry *entries;
	uint32_t sets;
};

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return NULL;
	seen->sets = SETS_MIN;
	seen->entries = calloc((size_t)SETS_MIN * WAYS, sizeof(*seen->entries));
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

static struct entry *set_of(const struct seen *seen, uint64_t ino)
{
	uint64_t hash = ino * 0x9e3779b97f4a7c15u;
	return &seen->entries[(size_t)(hash >> 40) % seen->sets * WAYS];
}

/* The entry of ino, else a free one, else the oldest of its set. */
static struct entry *find(const struct seen *seen, uint64_t ino)
{
	struct entry *set = set_of(seen, ino);
	struct entry *best = NULL;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].ino == ino)
			return &set[i];
		if (!best || set[i].mtime < best->mtime)
			best = &set[i]; /* a free entry's mtime is 0 */
	}
	return best;
}

static void grow(struct seen *seen)
{
	struct seen bigger = {.sets = seen->sets * 2};
	bigger.entries = calloc((size_t)bigger.sets * WAYS, sizeof(*bigger.entries));
	if (!bigger.entries)
		return;
	for (size_t i = 0; i < (size_t)seen->sets * WAYS; i++)
		if (seen->entries[i].ino)
			*find(&bigger, seen->entries[i].ino) = seen->entries[i];
	free(seen->entries);
	seen->entries = bigger.entries;
	seen->sets = bigger.sets;
}

struct timespec seen_mtime(struct seen *seen, uint64_t ino, uint64_t digest)
{
	pthread_mutex_lock(&seen->lock);
	struct entry *entry = find(seen, ino);
	if (entry->ino && entry->ino != ino && seen->sets < SETS_MAX) {
		grow(seen);
		entry = find(seen, ino);
	}
	if (entry->ino != ino || entry->digest != digest) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		*entry = (struct entry){ino, digest, now.tv_sec * 1000000000ll + now.tv_nsec};
	}
	struct timespec mtime = {entry->mtime / 1000000000, entry->mtime % 1000000000};
	pthread_mutex_unlock(&seen->lock);
	return mtime;
}
