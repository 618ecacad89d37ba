// SPDX-License-Identifier: BSD-2-Clause
/* SPEC words that are taken, and what the backend is then asked for. Refusals: mistakes.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/spec.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include "fake.h"

static struct handle *open_spec(struct fake *fake, const char *text, char **format)
{
	struct fault fault = FAULT_INIT;
	struct handle *handle = NULL;

	fake_init(fake, BPF_MAP_TYPE_HASH, 4, 4);
	cr_assert_eq(spec_open(&fake->backend, text, strlen(text), &handle, format, NULL, &fault),
		     0, "%s: %s", text, fault.text);
	cr_expect_eq(fake->open_handles, 1, "%s", text);
	return handle;
}

static void expect_object(const char *text, int fd)
{
	cleanup_free char *format = NULL;
	struct fake fake;
	struct handle *handle = open_spec(&fake, text, &format);

	cr_expect_eq(handle_fd(handle), fd, "%s", text);
	cr_expect_null(format);
	handle_close(handle);
}

Test(spec, objects_that_are_there)
{
	expect_object("map=42", FAKE_MAP_FD);
	expect_object(" map=0x2b\n", FAKE_OTHER_MAP_FD);
	expect_object("prog=17", FAKE_PROG_FD);
	expect_object("pinned=dir/prog", FAKE_PROG_FD);
	expect_object("pinned=/dir/map", FAKE_OTHER_MAP_FD);
	expect_object("{\"map\":42}", FAKE_MAP_FD);
	expect_object("{\"pinned\":\"dir/prog\"}", FAKE_PROG_FD);
}

Test(spec, paths_below_a_known_root)
{
	cleanup_free char *format = NULL;
	struct fault fault = FAULT_INIT;
	struct handle *handle = NULL;
	struct fake fake;
	char text[128];

	fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
	cr_assert_eq(backend_add_root(&fake.backend, "/tmp"), 0);
	snprintf(text, sizeof(text), "pinned=%s/dir/prog", fake.backend.roots[0]);
	cr_expect_eq(spec_open(&fake.backend, text, strlen(text), &handle, &format, NULL, &fault),
		     0, "%s", fault.text);
	cr_expect_eq(handle_fd(handle), FAKE_PROG_FD);
	free(fake.backend.roots[0]);
}

struct made {
	const char *text;
	struct map_spec spec;
	const char *format;
};

static const struct made made[] = {
	{"type=hash key=4 value=8 entries=1024 flags=no_prealloc name=flows",
	 {.type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1024,
	  .map_flags = BPF_F_NO_PREALLOC,
	  .name = "flows"},
	 NULL},
	{"type=9 key=u32 value=0x10 entries=0x10 flags=0x2",
	 {.type = BPF_MAP_TYPE_LRU_HASH,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 16,
	  .map_flags = BPF_F_NO_COMMON_LRU},
	 "key=u32"},
	{"type=lpm_trie key=lpm4 value={a:ipv4,b:be16} entries=1 flags=no_prealloc",
	 {.type = BPF_MAP_TYPE_LPM_TRIE,
	  .key_size = 8,
	  .value_size = 8,
	  .max_entries = 1,
	  .map_flags = BPF_F_NO_PREALLOC},
	 "key=lpm4 value={a:ipv4,b:be16}"},
	{"{\"type\":\"hash\",\"key\":4,\"value\":8,\"entries\":1,"
	 "\"flags\":[\"no_prealloc\",\"rdonly_prog\"]}",
	 {.type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1,
	  .map_flags = BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG}},
	{"{\"type\":\"array\",\"key\":4,\"value\":\"u64\",\"entries\":2,\"flags\":\"mmapable\","
	 "\"extra\":0,\"numa\":0}",
	 {.type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 2,
	  .map_flags = BPF_F_MMAPABLE | BPF_F_NUMA_NODE},
	 "value=u64"},
	{"type=array_of_maps key=4 value=4 entries=1 inner=43",
	 {.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 1,
	  .inner_map_fd = FAKE_OTHER_MAP_FD},
	 NULL},
	{"type=array_of_maps key=4 value=4 entries=1 inner=dir/map",
	 {.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 1,
	  .inner_map_fd = FAKE_OTHER_MAP_FD},
	 NULL},
	{"{\"type\":\"hash_of_maps\",\"key\":4,\"value\":4,\"entries\":1,"
	 "\"inner\":{\"type\":\"array\",\"key\":4,\"value\":\"u32\",\"entries\":1}}",
	 {.type = BPF_MAP_TYPE_HASH_OF_MAPS,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 1,
	  .inner_map_fd = FAKE_MAP_FD},
	 NULL},
	{"type=hash key=4 value=8 entries=1 dev=eth7",
	 {.type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1,
	  .ifindex = FAKE_IFINDEX},
	 NULL},
	{"type=bloom_filter value=8 entries=1 extra=3",
	 {.type = BPF_MAP_TYPE_BLOOM_FILTER, .value_size = 8, .max_entries = 1, .map_extra = 3},
	 NULL},
};

static void expect_made(const char *text, const struct map_spec *spec, const char *format)
{
	cleanup_free char *told = NULL;
	struct fake fake;
	struct handle *handle = open_spec(&fake, text, &told);
	const struct map_spec *got = &fake.created;

	cr_expect_eq(got->type, spec->type, "%s", text);
	cr_expect_eq(got->key_size, spec->key_size, "%s", text);
	cr_expect_eq(got->value_size, spec->value_size, "%s", text);
	cr_expect_eq(got->max_entries, spec->max_entries, "%s", text);
	cr_expect_eq(got->map_flags, spec->map_flags, "%s: %#x", text, got->map_flags);
	cr_expect_eq(got->ifindex, spec->ifindex, "%s", text);
	cr_expect_eq(got->map_extra, spec->map_extra, "%s", text);
	cr_expect_eq(got->inner_map_fd, spec->inner_map_fd ? spec->inner_map_fd : -1, "%s", text);
	cr_expect_eq(got->btf_fd, spec->btf_fd ? spec->btf_fd : -1, "%s", text);
	cr_expect_eq(got->btf_key_type_id, spec->btf_key_type_id, "%s", text);
	cr_expect_eq(got->btf_value_type_id, spec->btf_value_type_id, "%s", text);
	cr_expect_str_eq(got->name, spec->name);
	if (format)
		cr_expect(told && strcmp(told, format) == 0, "%s: %s", text, told ? told : "");
	else
		cr_expect_null(told, "%s: %s", text, told);
	handle_close(handle);
	cr_expect_eq(fake.open_handles, 0, "%s", text);
}

Test(spec, maps_that_are_made)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		expect_made(made[i].text, &made[i].spec, made[i].format);
}

/* --- btf=FILE --- */

struct types {
	int number, flow, counters;
	char path[32];
};

static void make_definition(struct btf *btf, struct types *types)
{
	int index = btf__add_int(btf, "__ARRAY_SIZE_TYPE__", 4, 0);
	int type = btf__add_ptr(btf, btf__add_array(btf, index, index, BPF_MAP_TYPE_LRU_HASH));
	int entries = btf__add_ptr(btf, btf__add_array(btf, index, index, 77));
	int key = btf__add_ptr(btf, types->flow);
	int value = btf__add_ptr(btf, types->counters);
	int definition = btf__add_struct(btf, NULL, 32);
	int variable, section;

	btf__add_field(btf, "type", type, 0, 0);
	btf__add_field(btf, "max_entries", entries, 64, 0);
	btf__add_field(btf, "key", key, 128, 0);
	btf__add_field(btf, "value", value, 192, 0);
	variable = btf__add_var(btf, "flows", BTF_VAR_GLOBAL_ALLOCATED, definition);
	section = btf__add_datasec(btf, ".maps", 32);
	btf__add_datasec_var_info(btf, variable, 0, 32);
	cr_assert(section > 0);
}

/* Raw BTF with two structs, an integer, and the definition of a map `flows`. */
static void write_btf(struct types *types)
{
	struct btf *btf = btf__new_empty();
	const void *bytes;
	uint32_t length;
	int fd;

	types->number = btf__add_int(btf, "unsigned int", 4, 0);
	types->flow = btf__add_struct(btf, "flow", 8);
	btf__add_field(btf, "a", types->number, 0, 0);
	btf__add_field(btf, "b", types->number, 32, 0);
	types->counters = btf__add_struct(btf, "counters", 4);
	btf__add_field(btf, "packets", types->number, 0, 0);
	make_definition(btf, types);
	strcpy(types->path, "/tmp/spec-XXXXXX");
	fd = mkstemp(types->path);
	bytes = btf__raw_data(btf, &length);
	cr_assert_eq(write(fd, bytes, length), (ssize_t)length);
	close(fd);
	btf__free(btf);
}

static void expect_typed(const struct types *types, const char *words, uint32_t type,
			 uint32_t entries, int key, int value, const char *format)
{
	struct map_spec spec = {.type = type, .max_entries = entries, .btf_fd = FAKE_BTF_FD};
	char text[160];

	spec.key_size = key == types->flow ? 8 : 4;
	spec.value_size = value == types->flow ? 8 : 4;
	spec.btf_key_type_id = (uint32_t)key;
	spec.btf_value_type_id = (uint32_t)value;
	if (strstr(words, "name=flows"))
		strcpy(spec.name, "flows");
	snprintf(text, sizeof(text), "%s btf=%s", words, types->path);
	expect_made(text, &spec, format);
}

Test(spec, types_of_a_file)
{
	struct types types;

	write_btf(&types);
	expect_typed(&types, "name=flows", BPF_MAP_TYPE_LRU_HASH, 77, types.flow, types.counters,
		     NULL);
	expect_typed(&types, "name=flows type=hash entries=5", BPF_MAP_TYPE_HASH, 5, types.flow,
		     types.counters, NULL);
	expect_typed(&types, "type=hash entries=5 key=flow value=counters", BPF_MAP_TYPE_HASH, 5,
		     types.flow, types.counters, NULL);
	expect_typed(&types, "type=hash entries=5 key=u32 value=flow", BPF_MAP_TYPE_HASH, 5,
		     types.number, types.flow, "key=u32");
	unlink(types.path);
}

static void refuse(const struct types *types, const char *words, const char *sentence)
{
	cleanup_free char *format = NULL;
	struct fault fault = FAULT_INIT;
	struct handle *handle;
	char text[160];
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
	snprintf(text, sizeof(text), "%s btf=%s", words, types->path);
	cr_expect_eq(spec_open(&fake.backend, text, strlen(text), &handle, &format, NULL, &fault),
		     -EINVAL);
	cr_expect(strstr(fault.text, sentence) != NULL, "%s", fault.text);
	cr_expect_eq(fake.open_handles, 0);
}

Test(spec, types_that_a_file_has_not)
{
	struct types types;

	write_btf(&types);
	refuse(&types, "type=hash entries=5 key=4 value=8 name=other",
	       "no map 'other' in its .maps, so name the types: key=TYPE");
	refuse(&types, "type=hash entries=5 key=nothing value=flow",
	       "key=nothing: there is no type 'nothing'");
	refuse(&types, "type=hash entries=5 key=mac value=flow",
	       "key=mac: there is no such type in btf=");
	unlink(types.path);
}

Test(spec, inner_that_is_no_map)
{
	static const char *const texts[] = {
		"type=array_of_maps key=4 value=4 entries=1 inner=dir/prog",
		"{\"type\":\"array_of_maps\",\"key\":4,\"value\":4,\"entries\":1,"
		"\"inner\":{\"prog\":17}}",
	};
	static const char *const sentences[] = {"inner=dir/prog is no map", "inner=... is no map"};

	for (size_t i = 0; i < 2; i++) {
		cleanup_free char *format = NULL;
		struct fault fault = FAULT_INIT;
		struct handle *handle;
		struct fake fake;

		fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
		cr_expect_eq(spec_open(&fake.backend, texts[i], strlen(texts[i]), &handle, &format,
				       NULL, &fault),
			     -EINVAL);
		cr_expect_str_eq(fault.text, sentences[i]);
		cr_expect_eq(fake.open_handles, 0);
	}
}
