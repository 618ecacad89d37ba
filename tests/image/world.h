/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of snapshots share: a tree with a map of every type, in any backend. */
#ifndef BPFUSE_TESTS_IMAGE_WORLD_H
#define BPFUSE_TESTS_IMAGE_WORLD_H

#include <criterion/criterion.h>
#include <bpfuse/backend.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/snapshot.h>
#include "scratch.h"

extern const struct caller test_root;

/* An emulated backend with nothing in it. */
struct backend *world_empty(void);
void world_closep(struct backend **backend);
#define WORLD(name) cleanup_with(world_closep) struct backend *name = world_empty()
/* A program of an emulated backend, for world_build(). */
struct handle *world_tail_program(struct backend *backend);

/*
 * Makes "app/": plain maps of every type with elements (one typed by BTF, one frozen), maps of
 * maps, a devmap, a prog_array with `prog`, queue and stack, a symlink, a directory, owners and
 * modes; and "app/opaque/": types whose content cannot be read.
 */
void world_build(struct backend *backend, struct handle *prog);
/* Changes something in every map of it that can be changed, and pushes and pops. */
void world_mutate(struct backend *backend);
/* Only app/plain, a hash of `count` elements with values of 8 bytes that are `factor` times the
 * key. */
void world_build_plain(struct backend *backend, uint32_t count, uint64_t factor);
/* The number of element i of app/plain, or -errno as map_lookup() gives it. */
int world_plain(struct backend *backend, const char *pin_path, uint32_t key, uint64_t *value);

/* "app" of the backend into scratch_path(name); the report, whose omissions are `omissions`. */
const char *world_dump(struct backend *backend, const char *name,
		       const struct snapshot_dump_options *options, size_t omissions);
struct image *world_open(const char *directory);
/* 0 or -errno; the sentence is printed when the test fails anyway. */
int world_restore(const char *directory, struct backend *backend, const char *target,
		  const struct snapshot_restore_options *options, size_t *omissions);
/* The lines of a diff between two snapshot directories, each ended by a newline; malloc'ed. */
char *world_diff(const char *from, const char *to);
/* Names of the tree below path, one a line, sorted; malloc'ed. */
char *world_tree(struct backend *backend, const char *path);

#endif
