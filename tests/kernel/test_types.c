// SPDX-License-Identifier: BSD-2-Clause
/*
 * The codec and bpftool agree: values written through the codec are what `bpftool -j map dump`
 * then shows as "formatted", member by member, and the codec reads back its own text. Where the
 * two spell things differently, and where bpftool has no spelling, `same()` says so.
 */
#include <arpa/inet.h>
#include <byteswap.h>
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
#include <jansson.h>
#include "kernel_fixture.h"

struct sample {
	const char *map, *key, *value; /* as they are written and must read */
	bool alone;		       /* bpftool cannot print this */
};

static const struct sample samples[] = {
	{"integers", "7",
	 "{\"yes\":true,\"letter\":65,\"s8\":-128,\"u8\":255,\"s16\":-2,\"u16\":65535,"
	 "\"s32\":-2147483648,\"u32\":4294967295,\"s64\":-9223372036854775808,"
	 "\"u64\":18446744073709551615}",
	 false},
	{"integers", "4294967295",
	 "{\"yes\":false,\"letter\":0,\"s8\":0,\"u8\":0,\"s16\":0,\"u16\":0,\"s32\":1,\"u32\":2,"
	 "\"s64\":3,\"u64\":4}",
	 false},
	{"wide", "-5", "{\"s128\":1234567,\"u128\":9223372036854775807}", false},
	{"wide", "5",
	 "{\"s128\":-170141183460469231731687303715884105728,"
	 "\"u128\":340282366920938463463374607431768211455}",
	 true},
	{"enums", "GREEN", "{\"color\":\"BLUE\",\"sign\":\"MINUS\",\"colors\":[\"RED\",\"GREEN\"]}",
	 false},
	{"enums", "77", "{\"color\":7,\"sign\":\"PLUS\",\"colors\":[8,\"RED\"]}", false},
	{"bits", "0",
	 "{\"one\":1,\"three\":5,\"minus\":15,\"wide\":65535,\"big\":1099511627775,"
	 "\"color\":\"GREEN\"}",
	 false},
	{"bits", "3",
	 "{\"one\":0,\"three\":7,\"minus\":-16,\"wide\":1,\"big\":0,\"color\":\"RED\"}", false},
	{"nested", "low=1,high=2",
	 "{\"pairs\":[{\"low\":1,\"high\":2},{\"low\":3,\"high\":4}],\"left\":5,\"right\":6,"
	 "\"whole\":16909060,\"parts\":{\"a\":4,\"b\":3,\"c\":2,\"d\":1},\"bytes\":[4,3,2,1],"
	 "\"outer\":{\"x\":7,\"inner\":{\"y\":8}},\"table\":[[1,2,3],[4,5,6]]}",
	 false},
	{"texts", "label=a b%2Cc",
	 "{\"name\":\"flow\",\"lines\":[\"abc\",\"d\"],\"raw\":[1,2,3,255],\"small\":[-1,1]}",
	 false},
	{"texts", "label=",
	 "{\"name\":\"\",\"lines\":[\"\",\"\"],\"raw\":[0,0,0,0],\"small\":[0,0]}", false},
	{"texts", "label=full", /* not terminated: bpftool lists the characters */
	 "{\"name\":\"12345678\",\"lines\":[\"abcd\",\"efgh\"],\"raw\":[0,0,0,0],"
	 "\"small\":[0,0]}",
	 false},
	{"pointers", "1", "{\"any\":4096,\"forward\":18446744073709551615,\"call\":1,\"string\":0}",
	 false},
	{"reals", "1", "{\"single\":1.5,\"twice\":-0.1}", true},
	{"tail", "1", "{\"count\":3,\"elements\":[]}", false},
	{"tails", "1", "{\"nothing\":{},\"zero\":[],\"some\":9,\"text\":\"\"}", false},
	{"flows",
	 "saddr=10.0.0.1,daddr=192.168.1.254,be_sport=443,be_dport=65535,protocol=6,"
	 "pad=hex-000000",
	 "{\"address\":\"2001:db8::1\",\"h_dest\":\"02:00:00:00:00:01\","
	 "\"src_mac\":\"ff:fe:fd:fc:fb:fa\",\"be_mark\":258,\"be_cookie\":72623859790381056}",
	 false},
	{"flows_percpu",
	 "saddr=0.0.0.0,daddr=1.2.3.4,be_sport=0,be_dport=1,protocol=0,"
	 "pad=hex-010203",
	 "[18446744073709551615]", false},
	{"pairs_percpu", "2", "[{\"low\":1,\"high\":2}]", false},
	{"routes", "10.1.0.0_16", "77", false},
	{"locked", "1", "{\"lock\":null,\"count\":12}", false},
	{"timed", "1", "{\"count\":12,\"timer\":null}", false},
	{".bss", "0", "{\"slots\":[1,2,3,4],\"hidden\":255,\"counter\":18446744073709551615}",
	 false},
	{".data", "0",
	 "{\"level\":-7,\"greeting\":\"good day\",\"limits\":{\"low\":3,\"high\":4},"
	 "\"tail_data\":{\"count\":2,\"elements\":[9,10]}}",
	 false},
};

/* --- what bpftool says --- */

static json_t *run_bpftool(uint32_t id)
{
	char command[80];
	json_error_t error;
	json_t *dump;
	FILE *pipe;

	snprintf(command, sizeof(command), "bpftool -j map dump id %u", id);
	pipe = popen(command, "r");
	cr_assert(pipe != NULL);
	dump = json_loadf(pipe, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);
	pclose(pipe);
	cr_assert(dump != NULL, "%s: %s", command, error.text);
	return dump;
}

static double number_of(const json_t *json)
{
	if (json_is_boolean(json))
		return json_is_true(json);
	return json_is_string(json) ? (double)strtoull(json_string_value(json), NULL, 16)
				    : json_number_value(json);
}

static bool same(const char *name, const json_t *ours, const json_t *theirs);

/*
 * Anonymous members: bpftool nests each under "", and of several of one name its reader keeps one.
 * Ours are all in `ours` itself.
 */
static bool same_members(const json_t *ours, json_t *theirs, size_t *count, bool *anonymous)
{
	const char *name;
	json_t *value;

	json_object_foreach (theirs, name, value) {
		if (!*name || strcmp(name, "(anon)") == 0) {
			*anonymous = true;
			if (!same_members(ours, value, count, anonymous))
				return false;
			continue;
		}
		(*count)++;
		if (json_object_get(ours, name) && same(name, json_object_get(ours, name), value))
			continue;
		printf("member %s differs\n", name);
		return false;
	}
	return true;
}

static bool same_object(const json_t *ours, json_t *theirs)
{
	bool anonymous = false;
	size_t count = 0;

	return json_is_object(theirs) && same_members(ours, theirs, &count, &anonymous) &&
	       (anonymous || count == json_object_size(ours));
}

static bool same_list(const char *name, const json_t *ours, const json_t *theirs)
{
	/* bpftool does not know how long a variable's flexible tail is. */
	if (strcmp(name, "elements") == 0)
		return json_array_size(theirs) == 0;
	if (json_array_size(ours) != json_array_size(theirs))
		return false;
	for (size_t i = 0; i < json_array_size(ours); i++)
		if (!same(name, json_array_get(ours, i), json_array_get(theirs, i)))
			return false;
	return true;
}

/* Text that has no NUL at its end is a list of characters there. */
static bool same_text(const char *text, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (json_is_string(one) ? json_string_value(one)[0] != text[i]
					: (int)number_of(one) != text[i])
			return false;
	}
	return text[json_array_size(list)] == '\0';
}

/* An address is what its bytes are there. */
static bool same_address(const char *text, const json_t *theirs)
{
	const json_t *number = json_object_get(theirs, "s_addr");
	unsigned char address[16], mac[6];

	if (number)
		return inet_pton(AF_INET, text, address) == 1 &&
		       *(uint32_t *)address == (uint32_t)number_of(number);
	if (json_is_object(theirs)) {
		const json_t *bytes = json_object_get(json_object_get(theirs, "in6_u"), "u6_addr8");

		if (inet_pton(AF_INET6, text, address) != 1)
			return false;
		for (size_t i = 0; i < 16; i++)
			if ((int)number_of(json_array_get(bytes, i)) != address[i])
				return false;
		return true;
	}
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		return same_text(text, theirs);
	for (size_t i = 0; i < 6; i++)
		if ((int)number_of(json_array_get(theirs, i)) != mac[i])
			return false;
	return true;
}

static double host_order(const char *name, double number)
{
	if (strcmp(name, "be_mark") == 0)
		return bswap_32((uint32_t)number);
	if (strcmp(name, "be_cookie") == 0)
		return (double)bswap_64((uint64_t)number);
	return strncmp(name, "be_", 3) == 0 ? bswap_16((uint16_t)number) : number;
}

/* Bit-fields and pointers are hexadecimal strings there, and signed bit-fields are unsigned. */
static bool same_number(const char *name, const json_t *ours, const json_t *theirs)
{
	double number = json_is_boolean(ours) ? json_is_true(ours) : json_number_value(ours);
	double other = host_order(name, number_of(theirs));

	if (json_is_string(theirs) && strcmp(json_string_value(theirs), "(nil)") == 0)
		return number == 0;
	if (json_is_string(theirs) && strncmp(json_string_value(theirs), "0x", 2) != 0)
		return json_string_value(theirs)[0] == (char)number || /* char */
		       strcmp(json_string_value(theirs), "\\0") == 0;
	return number == other || (number < 0 && json_is_string(theirs));
}

static bool same(const char *name, const json_t *ours, const json_t *theirs)
{
	if (json_is_null(ours)) /* the kernel's own */
		return true;
	if (json_is_object(ours))
		return same_object(ours, (json_t *)theirs);
	if (json_is_array(ours))
		return json_is_array(theirs) && same_list(name, ours, theirs);
	if (!json_is_string(ours))
		return same_number(name, ours, theirs);
	if (json_is_string(theirs)) {
		/* The name of an enumerator, and in a bit-field its number. */
		if (strncmp(json_string_value(theirs), "0x", 2) == 0)
			return true;
		return strcmp(json_string_value(ours), json_string_value(theirs)) == 0;
	}
	return same_address(json_string_value(ours), theirs);
}

/* A section is a list of objects of one variable each. */
static json_t *merge_section(json_t *formatted)
{
	json_t *merged = json_object(), *list, *one;
	const char *name;
	size_t i;

	json_object_foreach (formatted, name, list) {
		json_array_foreach (list, i, one)
			json_object_update(merged, one);
	}
	return merged;
}

/* --- one sample --- */

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);

	cr_assert(json != NULL, "%s: %s", text, error.text);
	return json;
}

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

static bool has_key(const struct subject *subject, const json_t *element)
{
	const json_t *bytes = json_object_get(element, "key");

	for (size_t i = 0; i < json_array_size(bytes); i++)
		if ((unsigned)number_of(json_array_get(bytes, i)) != subject->key[i])
			return false;
	return json_array_size(bytes) == subject->info.key_size;
}

static void compare_values(struct subject *subject, json_t *formatted)
{
	json_t *theirs = json_object_get(formatted, "value"), *ours;
	struct buffer out = BUFFER_INIT;

	cr_assert_eq(codec_print_key_json(subject->codec, subject->key, &out), 0);
	ours = load(out.data);
	cr_expect(same("", ours, json_object_get(formatted, "key")), "key of %s: %s",
		  subject->sample->map, out.data);
	json_decref(ours);
	buffer_free(&out);
	ours = load(subject->sample->value);
	if (subject->sample->map[0] == '.') {
		theirs = merge_section(theirs);
		cr_expect(same("", ours, theirs), "%s", subject->sample->value);
		json_decref(theirs);
	} else if (json_is_array(json_object_get(formatted, "values"))) {
		theirs = json_object_get(json_array_get(json_object_get(formatted, "values"), 0),
					 "value");
		cr_expect(same("", json_array_get(ours, 0), theirs), "%s", subject->sample->value);
	} else {
		cr_expect(same("", ours, theirs), "%s: %s", subject->sample->map,
			  subject->sample->value);
	}
	json_decref(ours);
}

static void compare_sample(struct subject *subject)
{
	json_t *dump = run_bpftool(subject->info.id), *element;
	bool found = false;
	size_t i;

	json_array_foreach (dump, i, element) {
		if (!has_key(subject, element))
			continue;
		cr_assert(json_object_get(element, "formatted") != NULL, "%s",
			  subject->sample->map);
		compare_values(subject, json_object_get(element, "formatted"));
		found = true;
	}
	cr_expect(found, "%s: bpftool does not show the key", subject->sample->map);
	json_decref(dump);
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

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		struct subject subject = {.sample = sample};

		open_subject(backend, bpf_map__fd(find_map(object, sample->map)), &subject);
		cr_expect_eq(codec_has_lock(subject.codec), strcmp(sample->map, "locked") == 0);
		check_subject(&subject);
		close_subject(&subject);
	}
	bpf_object__close(object);
	backend_close(backend);
}

/* clang 14 does not emit BTF_KIND_ENUM64 yet. */
static struct btf *make_enum64(int *key, int *value)
{
	struct btf *btf = btf__new_empty();
	int huge, below;

	*key = btf__add_int(btf, "unsigned int", 4, 0);
	huge = btf__add_enum64(btf, "huge", 8, false);
	btf__add_enum64_value(btf, "HUGE", 1ull << 40);
	btf__add_enum64_value(btf, "MOST", ~0ull);
	below = btf__add_enum64(btf, "below", 8, true);
	btf__add_enum64_value(btf, "BELOW", -(1ull << 40));
	*value = btf__add_struct(btf, "extremes", 24);
	btf__add_field(btf, "huge", huge, 0, 0);
	btf__add_field(btf, "most", huge, 64, 0);
	btf__add_field(btf, "below", below, 128, 0);
	return btf;
}

Test(types, enums_of_64_bits)
{
	static const struct sample named = {
		"enum64", "1", "{\"huge\":\"HUGE\",\"most\":\"MOST\",\"below\":\"BELOW\"}", false};
	static const struct sample numbers = {"enum64", "2", "{\"huge\":3,\"most\":4,\"below\":-5}",
					      false};
	LIBBPF_OPTS(bpf_map_create_opts, options);
	struct backend *backend = kernel_fixture_open();
	struct subject subject = {.sample = &named};
	int key, value, fd;
	struct btf *btf = make_enum64(&key, &value);

	cr_assert_eq(btf__load_into_kernel(btf), 0);
	options.btf_fd = (uint32_t)btf__fd(btf);
	options.btf_key_type_id = (uint32_t)key;
	options.btf_value_type_id = (uint32_t)value;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "enum64", 4, 24, 4, &options);
	cr_assert(fd >= 0);
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
	json_t *value, *data;
	int error;

	open_subject(backend, bpf_map__fd(map), &subject);
	link = bpf_map__attach_struct_ops(map);
	error = link ? map_lookup(subject.map, subject.key, subject.value, 0) : -errno;
	bpf_link__destroy(link);
	cr_assert_eq(error, 0, "%s", strerror(-error));
	cr_expect_str_eq(codec_value_type_name(subject.codec),
			 "struct bpf_struct_ops_tcp_congestion_ops");
	cr_assert_eq(codec_print_value(subject.codec, subject.value, &out), 0);
	value = load(out.data);
	data = json_object_get(value, "data");
	cr_expect_str_eq(json_string_value(json_object_get(data, "name")), "bpfuse_idle");
	cr_expect(json_is_number(json_object_get(data, "ssthresh")), "%s", out.data);
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
