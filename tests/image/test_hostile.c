// SPDX-License-Identifier: BSD-2-Clause
/*
 * Images that nobody should believe: they are refused with the reason before anything is created,
 * and no mutation is accepted wrongly.
 */
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/message.h"
#include "snapshot_files.h"
#include "world.h"

#define MUTANTS 10000

/* --- somebody's hand --- */

/* A small snapshot with one of nearly everything. */
static const char *small_snapshot(void)
{
	static const struct snapshot_dump_options options = {.queues = true, .criu = true};
	struct backend *world = world_empty();
	const char *directory;

	world_build(world, NULL);
	directory = world_dump(world, "good", &options, 3);
	backend_close(world);
	return directory;
}

/* Edits the manifest with a function and reseals. */
static void forged(const char *name, void (*edit)(json_t *manifest), const char *why)
{
	struct content contents[SNAPSHOT_FILES];
	struct fault fault = FAULT_INIT;
	const char *directory = scratch_path(name);
	json_t *manifest;
	int error;

	contents_read(scratch_path("good"), contents);
	manifest = json_loadb((char *)contents[1].bytes, contents[1].length, 0, NULL);
	cr_assert_not_null(manifest);
	edit(manifest);
	free(contents[1].bytes);
	contents[1].bytes = (unsigned char *)json_dumps(manifest, 0);
	contents[1].length = strlen((char *)contents[1].bytes);
	json_decref(manifest);
	contents_write(directory, contents);
	snapshot_reseal(directory);
	contents_free(contents);
	error = snapshot_try(directory, &fault);
	if (!why)
		cr_assert_eq(error, 0, "%s: %s", name, fault.text);
	else
		cr_assert(error < 0 && strstr(fault.text, why), "%s: %d %s", name, error,
			  fault.text);
}

static json_t *list_entry(json_t *manifest, const char *list, const char *member, const char *value)
{
	json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(manifest, list), i, entry)
		if (!strcmp(json_string_value(json_object_get(entry, member)), value))
			return entry;
	cr_assert_fail("no %s in %s", value, list);
	return NULL;
}

static json_t *node(json_t *manifest, const char *path)
{
	return list_entry(manifest, "tree", "path", path);
}

static json_t *map(json_t *manifest, const char *name)
{
	return list_entry(manifest, "maps", "name", name);
}

static void edit_nothing(json_t *manifest)
{
}

static void edit_version(json_t *manifest)
{
	json_object_set_new(manifest, "version", json_integer(2));
}

static void edit_unknown(json_t *manifest)
{
	json_object_set_new(manifest, "mood", json_string("fine"));
	json_object_set_new(map(manifest, "hash"), "colour", json_string("blue"));
}

static void edit_order(json_t *manifest)
{
	json_object_set_new(manifest, "byte_order", json_string("big"));
}

static void edit_escape(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/hash"), "path", json_string("app/../../hash"));
}

static void edit_dot(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/hash"), "path", json_string("app/ha.sh"));
}

static void edit_absolute(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/hash"), "path", json_string("/etc/passwd"));
}

static void edit_behind_symlink(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/typed"), "path", json_string("app/link/typed"));
}

static void edit_twice(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/typed"), "path", json_string("app/hash"));
}

static void edit_pin_of_nothing(json_t *manifest)
{
	json_object_set_new(node(manifest, "app/typed"), "id", json_integer(4000000));
}

static void edit_type(json_t *manifest)
{
	json_object_set_new(map(manifest, "hash"), "type", json_string("array"));
}

static void edit_base_map(json_t *manifest)
{
	json_object_set_new(map(manifest, "hash"), "base_map", json_integer(1));
}

static void edit_btf(json_t *manifest)
{
	json_object_set_new(json_array_get(json_object_get(manifest, "btf"), 0), "base64",
			    json_string("anVuayBhbmQgbW9yZSBqdW5rLCAyNCBhbmQgbW9yZQ=="));
}

static void edit_value_type(json_t *manifest)
{
	json_object_set_new(map(manifest, "typed"), "btf_value_type_id", json_integer(4000));
}

static void edit_device(json_t *manifest)
{
	json_object_set_new(map(manifest, "hash"), "ifname", json_string("eth0"));
}

static void edit_count(json_t *manifest)
{
	json_object_set_new(map(manifest, "hash"), "elements", json_integer(41));
}

static void edit_digest(json_t *manifest)
{
	json_object_set_new(map(manifest, "hash"), "digest",
			    json_string("00000000000000000000000000000000"));
}

static void edit_thawed(json_t *manifest)
{
	json_object_set_new(map(manifest, "frozen"), "frozen", json_false());
}

static void edit_without_map(json_t *manifest)
{
	json_array_remove(json_object_get(manifest, "maps"), 0);
}

static void edit_no_btf(json_t *manifest)
{
	json_object_set_new(manifest, "btf", json_array());
}

static void edit_circle(json_t *manifest)
{
	json_object_set(map(manifest, "hash_of_maps"), "inner_map",
			json_object_get(map(manifest, "hash_of_maps"), "id"));
}

static void edit_removed(json_t *manifest)
{
	json_object_set_new(json_array_get(json_object_get(map(manifest, "hash"), "entries"), 0),
			    "removed", json_true());
}

static void edit_mode(json_t *manifest)
{
	json_object_set_new(node(manifest, "app"), "mode", json_integer(0100777));
}

Test(hostile, contradictions_are_refused)
{
	static const struct {
		const char *name;
		void (*edit)(json_t *manifest);
		const char *why; /* NULL: is accepted */
	} forgeries[] = {
		{"nothing", edit_nothing, NULL},
		{"unknown", edit_unknown, NULL},
		{"version", edit_version, "newer than this program knows"},
		{"order", edit_order, "other byte order"},
		{"escape", edit_escape, "is no path below the target"},
		{"dot", edit_dot, "has a dot"},
		{"absolute", edit_absolute, "is no path below the target"},
		{"behind", edit_behind_symlink, "is in no directory of the snapshot"},
		{"twice", edit_twice, "is listed twice"},
		{"pin", edit_pin_of_nothing, "which is not here"},
		{"type", edit_type, "is a array there"},
		{"count", edit_count, "elements are there, not"},
		{"base", edit_base_map, "builds on a map of a base that is not named"},
		{"btf", edit_btf, "is none that can be read"},
		{"value_type", edit_value_type, "are not in BTF"},
		{"device", edit_device, "names a device, and is bound to none"},
		{"digest", edit_digest, "not those that were dumped"},
		{"thawed", edit_thawed, "\"frozen\" is not as in"},
		{"without", edit_without_map, "is not in the manifest"},
		{"btf", edit_no_btf, "is not here"},
		{"circle", edit_circle, "inside"},
		{"removed", edit_removed, "values of 12 bytes are not"},
		{"mode", edit_mode, "\"mode\" is no mode"},
	};

	small_snapshot();
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		forged(forgeries[i].name, forgeries[i].edit, forgeries[i].why);
}

Test(hostile, unfinished_and_damaged_are_refused)
{
	struct content contents[SNAPSHOT_FILES];

	small_snapshot();
	for (int missing = 0; missing < SNAPSHOT_FILES; missing++) {
		struct content kept;

		contents_read(scratch_path("good"), contents);
		kept = contents[missing];
		contents[missing].bytes = NULL;
		contents_write(scratch_path("part"), contents);
		cr_assert_lt(snapshot_try(scratch_path("part"), NULL), 0, "without %s",
			     snapshot_files[missing]);
		contents[missing] = kept;
		contents_free(contents);
	}
	contents_read(scratch_path("good"), contents);
	for (int i = 0; i < SNAPSHOT_FILES; i++) {
		for (size_t length = 0; length < contents[i].length;
		     length += 1 + contents[i].length / 50) {
			struct content cut = {contents[i].bytes, length};

			contents_write(scratch_path("cut"), contents);
			content_write(scratch_path("cut"), snapshot_files[i], &cut);
			cr_assert_lt(snapshot_try(scratch_path("cut"), NULL), 0, "%s cut to %zu",
				     snapshot_files[i], length);
		}
	}
	contents_free(contents);
}

/* A doubled key, as bytes that sums and sizes do not give away. */
Test(hostile, doubled_keys_are_refused)
{
	struct backend *world = world_empty();
	struct content data;
	struct fault fault = FAULT_INIT;
	const char *directory;

	world_build_plain(world, 3, 1);
	directory = world_dump(world, "doubled", NULL, 0);
	content_read(directory, IMAGE_BPFMAP_DATA, &data);
	/* magic, magic, size, four small fields, two of them with a byte more: the first key */
	memcpy(data.bytes + 12 + 8, data.bytes + 12 + 8 + 4, 4);
	content_write(directory, IMAGE_BPFMAP_DATA, &data);
	snapshot_reseal(directory);
	cr_assert_lt(snapshot_try(directory, &fault), 0);
	cr_assert(strstr(fault.text, "twice") || strstr(fault.text, "not those that were dumped"),
		  "%s", fault.text);
	free(data.bytes);
	backend_close(world);
}

/* --- mutations --- */

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % (limit ? limit : 1));
}

/* One change of one file; false: it came out as it was. */
static bool mutate(struct content *content)
{
	static const unsigned char edges[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t at = random_below(content->length), more;
	unsigned char before = content->bytes[at];

	switch (random_below(5)) {
	case 0:
		content->bytes[at] ^= (unsigned char)(1u << random_below(8));
		return true;
	case 1:
		content->bytes[at] = edges[random_below(sizeof(edges))];
		return content->bytes[at] != before;
	case 2:
		content->length = at;
		return true;
	case 3:
		more = 1 + random_below(32);
		memmove(content->bytes + at + more, content->bytes + at, content->length - at);
		content->length += more;
		return true;
	default:
		more = random_below(content->length - at);
		memmove(content->bytes + at, content->bytes + at + more,
			content->length - at - more);
		content->length -= more;
		return more > 0;
	}
}

/* What was accepted must be restorable as a whole, or refused by the backend as a whole. */
static void accepted(const char *directory)
{
	struct backend *world = world_empty();
	struct snapshot_restore_options options = {
		.partial = true, .as_root = true, .state = scratch_path("state")};
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	struct image *image;

	cr_assert_eq(snapshot_open(directory, NULL, SNAPSHOT_ELEMENTS, NULL, &image, &fault), 0,
		     "%s", fault.text);
	if (snapshot_restore(image, world, "", &options, &report, &fault)) {
		cleanup_free char *tree = world_tree(world, "");

		cr_assert_str_eq(tree, "", "%s: and yet: %s", fault.text, tree);
	}
	json_decref(report);
	snapshot_close(image);
	backend_close(world);
}

/* Every mutant by itself is refused; with new sums, it is refused or makes sense. */
static void mutants_run(const char *from, bool sealed, unsigned count)
{
	const char *directory = scratch_path("mutant");
	struct content contents[SNAPSHOT_FILES];
	unsigned believed = 0;

	contents_read(from, contents);
	contents_write(directory, contents);
	for (unsigned i = 0; i < count; i++) {
		int which = (int)random_below(SNAPSHOT_FILES);
		struct content mutant = contents[which];

		if (!mutant.length)
			continue;
		mutant.bytes = malloc(mutant.length + 64);
		memcpy(mutant.bytes, contents[which].bytes, mutant.length);
		if (mutate(&mutant)) {
			content_write(directory, snapshot_files[which], &mutant);
			if (sealed)
				cr_assert_lt(snapshot_try(directory, NULL), 0, "%s: mutant %u",
					     snapshot_files[which], i);
			if (sealed)
				snapshot_reseal(directory);
			if (!snapshot_try(directory, NULL)) {
				believed++;
				accepted(directory);
			}
			content_write(directory, snapshot_files[which], &contents[which]);
			content_write(directory, snapshot_files[0], &contents[0]);
		}
		free(mutant.bytes);
	}
	contents_free(contents);
	printf("# %u of %u mutants make sense\n", believed, count);
}

Test(hostile, no_mutant_is_accepted_wrongly)
{
	mutants_run(small_snapshot(), true, MUTANTS * 3 / 4);
	mutants_run(sample_path("criu42-mmapable"), false, MUTANTS / 8);
	mutants_run(sample_path("hand"), false, MUTANTS / 8);
}
