// SPDX-License-Identifier: BSD-2-Clause
/* CRIU's images: its own are read as they are, what cannot be is refused for the right reason. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bpfuse/cleanup.h>
#include "image/message.h"
#include "snapshot_files.h"
#include "world.h"

static void sample_restores(const char *name, const char *tree)
{
	struct backend *world = world_empty();
	cleanup_free char *names = NULL;

	cr_assert_eq(world_restore(sample_path(name), world, "", NULL, NULL), 0, "%s", name);
	names = world_tree(world, "");
	cr_assert_str_eq(names, tree, "%s: %s", name, names);
	backend_close(world);
}

#define OWN " 100600 0:0\n"
#define DEMO "demo_array" OWN "demo_hash" OWN

Test(criu, images_of_criu_restore)
{
	sample_restores("criu42-basic", DEMO);
	sample_restores("criu42-dup", DEMO);
	sample_restores("criu42-pinned", DEMO);
	sample_restores("criu42-frozen", DEMO);
	sample_restores("criu42-mmapable", DEMO "mma" OWN);
	sample_restores("criu42-empty", DEMO "empty_hash" OWN);
	sample_restores("hand", DEMO "pcpu_arr" OWN);
}

Test(criu, elements_are_those_of_the_image)
{
	struct backend *world = world_empty();
	cleanup_with(handle_closep) struct handle *map = NULL;
	struct map_state state;
	char value[16];
	uint32_t key = 0x1003;

	cr_assert_eq(world_restore(sample_path("criu42-frozen"), world, "", NULL, NULL), 0);
	cr_assert_eq(pin_open(world, "demo_hash", 0, &map), 0);
	cr_assert_eq(map_lookup(map, &key, value, 0), 0);
	cr_assert_str_eq(value, "value-3");
	handle_close(map);
	cr_assert_eq(pin_open(world, "demo_array", 0, &map), 0);
	cr_assert_eq(map_state(map, &state), 0);
	cr_assert(state.frozen);
	handle_close(move_ptr(map));
	backend_close(world);
}

/* Puts one file of the samples into a directory of its own under another name. */
static void sample_put(const char *directory, const char *from, const char *as)
{
	struct content content;

	mkdir(scratch_path(directory), 0700);
	content_read(sample_path("hand"), from, &content);
	cr_assert_not_null(content.bytes, "%s", from);
	content_write(scratch_path(directory), as, &content);
	free(content.bytes);
}

static void refused(const char *directory, const char *why)
{
	struct fault fault = FAULT_INIT;

	cr_assert_lt(snapshot_try(scratch_path(directory), &fault), 0, "%s", directory);
	cr_assert(strstr(fault.text, why), "%s: %s", directory, fault.text);
}

Test(criu, variants_are_taken_or_refused_for_the_right_reason)
{
	sample_put("unknown", "bpfmap-file-unknown.img", IMAGE_BPFMAP_FILE);
	sample_put("unknown", "bpfmap-data-unknown.img", IMAGE_BPFMAP_DATA);
	cr_assert_eq(snapshot_try(scratch_path("unknown"), NULL), 0);

	sample_put("chunked", "bpfmap-file.img", IMAGE_BPFMAP_FILE);
	sample_put("chunked", "bpfmap-data-chunked.img", IMAGE_BPFMAP_DATA);
	refused("chunked", "twice with different elements");

	sample_put("nodata", "bpfmap-file.img", IMAGE_BPFMAP_FILE);
	refused("nodata", IMAGE_BPFMAP_DATA " is missing");

	sample_put("nomaps", "bpfmap-data.img", IMAGE_BPFMAP_DATA);
	refused("nomaps", "describes maps");

	sample_put("swapped", "bpfmap-data.img", IMAGE_BPFMAP_FILE);
	sample_put("swapped", "bpfmap-data.img", IMAGE_BPFMAP_DATA);
	refused("swapped", "wrong magic number");
}
