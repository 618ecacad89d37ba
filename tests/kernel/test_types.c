// SPDX-License-Identifier: BSD-2-Clause
/*
 * The codec and bpftool agree: values written through the codec are what `bpftool -j map dump`
 * then shows as "formatted", member by member, and the codec reads back its own text. Where the
 * two spell things differently, bpftool_compare.c says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/codec.h>
#include <criterion/criterion.h>
#include "bpftool_compare.h"
#include "kernel_fixture.h"
#include "types_samples.h"

/* --- one sample --- */

struct subject {
	struct handle *map;
	struct codec *codec;
	struct map_info info;
	const struct sample *sample;
	unsigned char key[256], value[4096];
};

/* Per-CPU samples give one value: the same on all CPUs. */
static void spread(struct subject *subject, struct buffer *text)
{
	const char *value = subject->sample->value;
	size_t length = strlen(value);
	unsigned cpus = subject->map->backend->possible_cpus;

	if (!map_type_get(subject->info.type)->percpu) {
		buffer_append_string(text, value);
		return;
	}
	buffer_append_char(text, '[');
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		if (cpu)
			buffer_append_char(text, ',');
		buffer_append(text, value + 1, length - 2);
	}
	buffer_append_char(text, ']');
}

static void write_sample(struct subject *subject, const char *text)
{
	struct value_input input = {.bytes = subject->value};
	struct fault fault = FAULT_INIT;
	int error = codec_parse_name(subject->codec, subject->sample->key, subject->key, &fault);

	cr_assert_eq(error, 0, "%s: %s", subject->sample->key, fault.text);
	error = codec_parse_value(subject->codec, text, strlen(text), NULL, &input, &fault);
	cr_assert_eq(error, 0, "%s: %s", text, fault.text);
	error = map_update(subject->map, subject->key, subject->value, 0);
	cr_assert_eq(error, 0, "%s: update: %s", subject->sample->map, strerror(-error));
	value_input_release(&input);
}

static void read_sample(struct subject *subject, const char *text)
{
	struct buffer out = BUFFER_INIT;

	memset(subject->value, 0xee, sizeof(subject->value));
	cr_assert_eq(map_lookup(subject->map, subject->key, subject->value, 0), 0);
	cr_assert_eq(codec_print_value(subject->codec, subject->value, &out), 0);
	cr_expect_str_eq(out.data, text, "%s: %s", subject->sample->map, out.data);
	buffer_reset(&out);
	cr_assert_eq(codec_print_name(subject->codec, subject->key, &out), 0);
	cr_expect_str_eq(out.data, subject->sample->key);
	buffer_free(&out);
}

static void compare_sample(struct subject *subject)
{
	json_t *dump = bpftool_dump(subject->info.id), *element;
	struct buffer out = BUFFER_INIT;

	cr_assert_eq(codec_print_element_json(subject->codec, subject->key, subject->value, &out),
		     0);
	element = load_element(out.data);
	cr_expect(bpftool_shows(dump, element), "%s: %s", subject->sample->map, out.data);
	json_decref(element);
	json_decref(dump);
	buffer_free(&out);
}

static struct bpf_map *find_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *full = bpf_map__name(map);
		const char *dot = strchr(full, '.');

		if (strcmp(name, full) == 0 || (dot && strcmp(name, dot) == 0))
			return map;
	}
	cr_assert(false, "no map %s", name);
	return NULL;
}

static void open_subject(struct backend *backend, int fd, struct subject *subject)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	struct fault fault = FAULT_INIT;

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &length), 0);
	cr_assert_eq(object_open(backend, OBJECT_MAP, info.id, 0, &subject->map), 0);
	cr_assert_eq(map_info(subject->map, &subject->info), 0);
	cr_assert_eq(codec_open(subject->map, NULL, &subject->codec, &fault), 0, "%s", fault.text);
	cr_assert(codec_note(subject->codec) == NULL, "%s", codec_note(subject->codec));
}

static void close_subject(struct subject *subject)
{
	codec_put(subject->codec);
	handle_close(subject->map);
}

static void check_subject(struct subject *subject)
{
	struct buffer text = BUFFER_INIT;

	spread(subject, &text);
	write_sample(subject, text.data);
	read_sample(subject, text.data);
	if (!subject->sample->alone)
		compare_sample(subject);
	buffer_free(&text);
}

static struct bpf_object *load_object(const char *variable)
{
	const char *path = getenv(variable);
	struct bpf_object *object;

	cr_assert(path != NULL, "%s is not set", variable);
	object = bpf_object__open_file(path, NULL);
	cr_assert(object != NULL, "%s: %s", path, strerror(errno));
	cr_assert_eq(bpf_object__load(object), 0, "%s: %s", path, strerror(errno));
	return object;
}

Test(types, codec_and_bpftool_agree)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = load_object("TYPES_OBJECT");

	for (const struct sample *sample = types_samples; sample->map; sample++) {
		struct subject subject = {.sample = sample};

		open_subject(backend, bpf_map__fd(find_map(object, sample->map)), &subject);
		cr_expect_eq(codec_has_lock(subject.codec),
			     strcmp(sample->map, "locked") == 0 ||
				     strcmp(sample->map, "listed") == 0);
		check_subject(&subject);
		close_subject(&subject);
	}
	bpf_object__close(object);
	backend_close(backend);
}

/* What clang 14 does not emit yet: enums of 64 bits, and tags of pointers. */
static struct btf *make_newer(int *key, int *value)
{
	struct btf *btf = btf__new_empty();
	int huge, below, task;

	*key = btf__add_int(btf, "unsigned int", 4, 0);
	huge = btf__add_enum64(btf, "huge", 8, false);
	btf__add_enum64_value(btf, "HUGE", 1ull << 40);
	btf__add_enum64_value(btf, "MOST", ~0ull);
	below = btf__add_enum64(btf, "below", 8, true);
	btf__add_enum64_value(btf, "BELOW", -(1ull << 40));
	task = btf__add_struct(btf, "task_struct", 4);
	btf__add_field(btf, "pid", *key, 0, 0);
	task = btf__add_ptr(btf, btf__add_type_tag(btf, "kptr_untrusted", task));
	*value = btf__add_struct(btf, "extremes", 32);
	btf__add_field(btf, "huge", huge, 0, 0);
	btf__add_field(btf, "most", huge, 64, 0);
	btf__add_field(btf, "below", below, 128, 0);
	btf__add_field(btf, "task", task, 192, 0);
	return btf;
}

Test(types, enums_of_64_bits_and_kernel_pointers)
{
	static const struct sample named = {
		"newer", "1",
		"{\"huge\":\"HUGE\",\"most\":\"MOST\",\"below\":\"BELOW\",\"task\":null}", false};
	static const struct sample numbers = {
		"newer", "2", "{\"huge\":3,\"most\":4,\"below\":-5,\"task\":null}", false};
	LIBBPF_OPTS(bpf_map_create_opts, options);
	struct backend *backend = kernel_fixture_open();
	struct subject subject = {.sample = &named};
	int key, value, fd;
	struct btf *btf = make_newer(&key, &value);

	cr_assert_eq(btf__load_into_kernel(btf), 0);
	options.btf_fd = (uint32_t)btf__fd(btf);
	options.btf_key_type_id = (uint32_t)key;
	options.btf_value_type_id = (uint32_t)value;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "newer", 4, 32, 4, &options);
	cr_assert(fd >= 0, "%s", strerror(errno));
	open_subject(backend, fd, &subject);
	check_subject(&subject);
	subject.sample = &numbers;
	check_subject(&subject);
	close_subject(&subject);
	close(fd);
	btf__free(btf);
	backend_close(backend);
}

/* A variable is written by its name, and the others stay: the rest comes from the map. */
static int read_now(void *context, void *value)
{
	return map_lookup(context, &(uint32_t){0}, value, 0);
}

Test(types, one_variable_leaves_the_others)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = load_object("TYPES_OBJECT");
	struct subject subject = {0};
	struct codec_current current = {.read = read_now};
	struct value_input input = {.bytes = subject.value};
	static const char text[] = "{\"level\":12}";
	struct fault fault = FAULT_INIT;
	struct buffer out = BUFFER_INIT;
	uint32_t zero = 0;

	open_subject(backend, bpf_map__fd(find_map(object, ".data")), &subject);
	current.context = subject.map;
	cr_assert_eq(codec_parse_value(subject.codec, text, strlen(text), &current, &input, &fault),
		     0, "%s", fault.text);
	cr_assert_eq(map_update(subject.map, &zero, subject.value, 0), 0);
	cr_assert_eq(map_lookup(subject.map, &zero, subject.value, 0), 0);
	cr_assert_eq(codec_print_value(subject.codec, subject.value, &out), 0);
	cr_expect_str_eq(out.data,
			 "{\"level\":12,\"greeting\":\"hello\",\"limits\":{\"low\":1,\"high\":2},"
			 "\"tail_data\":{\"count\":2,\"elements\":[7,8]}}");
	buffer_free(&out);
	close_subject(&subject);
	bpf_object__close(object);
	backend_close(backend);
}

/*
 * The value is the kernel's own type, from its own BTF. What is registered outlives us, so that
 * nothing may end the test in between.
 */
Test(types, struct_ops)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = load_object("OPS_OBJECT");
	struct bpf_map *map = find_map(object, "idle");
	struct subject subject = {0};
	struct buffer out = BUFFER_INIT;
	struct bpf_link *link;
	json_t *value, *data, *dump, *formatted;
	int error;

	open_subject(backend, bpf_map__fd(map), &subject);
	link = bpf_map__attach_struct_ops(map);
	error = link ? map_lookup(subject.map, subject.key, subject.value, 0) : -errno;
	dump = bpftool_try_dump(subject.info.id);
	bpf_link__destroy(link);
	cr_assert_eq(error, 0, "%s", strerror(-error));
	cr_expect_str_eq(codec_value_type_name(subject.codec),
			 "struct bpf_struct_ops_tcp_congestion_ops");
	cr_assert_eq(codec_print_value(subject.codec, subject.value, &out), 0);
	value = load_element(out.data);
	data = json_object_get(value, "data");
	cr_expect_str_eq(json_string_value(json_object_get(data, "name")), "bpfuse_idle");
	cr_expect(json_is_number(json_object_get(data, "ssthresh")), "%s", out.data);
	formatted = json_object_get(json_array_get(dump, 0), "formatted");
	cr_expect(bpftool_agrees(value, json_object_get(formatted, "value")), "%s", out.data);
	json_decref(dump);
	json_decref(value);
	buffer_free(&out);
	close_subject(&subject);
	bpf_object__close(object);
	backend_close(backend);
}

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
