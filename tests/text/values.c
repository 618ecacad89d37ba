// SPDX-License-Identifier: BSD-2-Clause
/*
 * Forms that mean more than their bytes: references, devices, CPUs, parts of a value; long
 * names; what a codec says of itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include "fake.h"

static uint32_t u32_at(const unsigned char *bytes, size_t offset)
{
	uint32_t number;

	memcpy(&number, bytes + offset, sizeof(number));
	return number;
}

/* --- references --- */

struct reference {
	uint32_t type, value_size;
	const char *text;
	uint32_t first, second; /* the two numbers that the backend is given */
	unsigned held;
};

static const struct reference references[] = {
	{BPF_MAP_TYPE_PROG_ARRAY, 4, "17", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, " {\"id\":17} ", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, "{\"id\":17,\"name\":\"pass\"}", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, "pinned=dir/prog", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, "pinned=/dir/prog\n", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, "\"17\"", FAKE_PROG_FD, 0, 1},
	{BPF_MAP_TYPE_HASH_OF_MAPS, 4, "43", FAKE_OTHER_MAP_FD, 0, 1},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, "{\"name\":\"inner\",\"id\":43}", FAKE_OTHER_MAP_FD, 0, 1},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, "pinned=dir/map", FAKE_OTHER_MAP_FD, 0, 1},
	{BPF_MAP_TYPE_DEVMAP, 4, "eth7", 7, 0, 0},
	{BPF_MAP_TYPE_DEVMAP, 4, "\"eth7\"", 7, 0, 0},
	{BPF_MAP_TYPE_DEVMAP, 4, "2", 2, 0, 0},
	{BPF_MAP_TYPE_DEVMAP_HASH, 4, "{\"ifname\":\"eth7\"}", 7, 0, 0},
	{BPF_MAP_TYPE_DEVMAP, 8, "eth7", 7, 0, 0},
	{BPF_MAP_TYPE_DEVMAP, 8, "0", 0, 0, 0},
	{BPF_MAP_TYPE_DEVMAP, 8, "eth7 prog=17", 7, FAKE_PROG_FD, 1},
	{BPF_MAP_TYPE_DEVMAP, 8, "2  prog=pinned=dir/prog", 2, FAKE_PROG_FD, 1},
	{BPF_MAP_TYPE_DEVMAP, 8, "{\"ifindex\":7,\"ifname\":\"eth7\",\"prog_id\":17}", 7,
	 FAKE_PROG_FD, 1},
	{BPF_MAP_TYPE_DEVMAP, 8, "{\"ifindex\":7,\"prog_id\":0}", 7, 0, 0},
	{BPF_MAP_TYPE_CPUMAP, 4, "192", 192, 0, 0},
	{BPF_MAP_TYPE_CPUMAP, 8, "192 prog=17", 192, FAKE_PROG_FD, 1},
	{BPF_MAP_TYPE_CPUMAP, 8, "{\"qsize\":192,\"prog_id\":17}", 192, FAKE_PROG_FD, 1},
	{BPF_MAP_TYPE_CPUMAP, 8, "{\"qsize\":192}", 192, 0, 0},
};

Test(values, references_become_descriptors)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		const struct reference *reference = &references[i];
		unsigned char value[8] = {0};
		struct value_input input = {.bytes = value};
		struct fault fault = FAULT_INIT;
		struct codec *codec;
		struct fake fake;

		fake_init(&fake, reference->type, 4, reference->value_size);
		codec = fake_codec(&fake, NULL);
		cr_expect_eq(codec_parse_value(codec, reference->text, strlen(reference->text),
					       NULL, &input, &fault),
			     0, "%s: %s", reference->text, fault.text);
		cr_expect_eq(u32_at(value, 0), reference->first, "%s", reference->text);
		cr_expect_eq(u32_at(value, 4), reference->second, "%s", reference->text);
		cr_expect_eq(input.held_count, reference->held, "%s", reference->text);
		cr_expect_eq(fake.open_handles, (int)reference->held);
		value_input_release(&input);
		cr_expect_eq(fake.open_handles, 0);
		codec_put(codec);
	}
}

static void expect_value(uint32_t type, uint32_t size, uint32_t first, uint32_t second,
			 const char *text, const char *format)
{
	uint32_t value[2] = {first, second};
	struct buffer out = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, type, 4, size);
	codec = fake_codec(&fake, NULL);
	cr_expect_str_eq(value_of(codec, value, &out), text, "%s", out.data);
	cr_expect_str_eq(codec_format(codec), format, "%s", codec_format(codec));
	cr_expect_eq(fake.open_handles, 0);
	codec_put(codec);
	buffer_free(&out);
}

Test(values, ids_become_objects)
{
	expect_value(BPF_MAP_TYPE_PROG_ARRAY, 4, 17, 0, "{\"id\":17,\"name\":\"pass\"}",
		     "key=u32 value=prog");
	expect_value(BPF_MAP_TYPE_PROG_ARRAY, 4, 18, 0, "{\"id\":18}", "key=u32 value=prog");
	expect_value(BPF_MAP_TYPE_HASH_OF_MAPS, 4, 43, 0, "{\"id\":43,\"name\":\"inner\"}",
		     "key=u32 value=map");
	expect_value(BPF_MAP_TYPE_DEVMAP, 4, 7, 0, "{\"ifindex\":7,\"ifname\":\"eth7\"}",
		     "key=u32 value=devmap");
	expect_value(BPF_MAP_TYPE_DEVMAP, 8, 7, 17,
		     "{\"ifindex\":7,\"ifname\":\"eth7\",\"prog_id\":17}", "key=u32 value=devmap");
	expect_value(BPF_MAP_TYPE_DEVMAP_HASH, 8, 8, 0, "{\"ifindex\":8,\"prog_id\":0}",
		     "key=u32 value=devmap");
	expect_value(BPF_MAP_TYPE_CPUMAP, 8, 192, 17, "{\"qsize\":192,\"prog_id\":17}",
		     "key=u32 value=cpumap");
	expect_value(BPF_MAP_TYPE_CPUMAP, 4, 192, 0, "{\"qsize\":192}", "key=u32 value=cpumap");
}

/* --- CPUs, and what stays as it was --- */

struct reading {
	const void *bytes;
	size_t size;
	int error, calls;
};

static int read_current(void *context, void *value)
{
	struct reading *reading = context;

	reading->calls++;
	if (!reading->error)
		memcpy(value, reading->bytes, reading->size);
	return reading->error;
}

static const uint64_t two_cpus[2] = {11, 22};

static void expect_cpus(const char *format, const char *text, int current_error, uint64_t first,
			uint64_t second, int calls)
{
	struct reading reading = {two_cpus, sizeof(two_cpus), current_error, 0};
	struct codec_current current = {read_current, &reading};
	uint64_t value[2] = {~0ull, ~0ull};
	struct value_input input = {.bytes = value};
	struct fault fault = FAULT_INIT;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_PERCPU_HASH, 4, 8);
	codec = fake_codec(&fake, format);
	cr_expect_eq(codec_parse_value(codec, text, strlen(text), &current, &input, &fault), 0,
		     "%s: %s", text, fault.text);
	cr_expect(value[0] == first && value[1] == second, "%s: %#llx %#llx", text,
		  (unsigned long long)value[0], (unsigned long long)value[1]);
	cr_expect_eq(reading.calls, calls, "%s", text);
	codec_put(codec);
}

Test(values, cpus)
{
	expect_cpus(NULL, "[1,2]", 0, 1, 2, 0);
	expect_cpus(NULL, "7", 0, 7, 7, 0);
	expect_cpus(NULL, "hex-0100000000000000", 0, 1, 1, 0);
	expect_cpus(NULL, "hex-01000000000000000200000000000000", 0, 1, 2, 0);
	expect_cpus(NULL, "{\"1\":5}", 0, 11, 5, 1);
	expect_cpus(NULL, "{\"0\":5}", -ENOENT, 5, 0, 1);
	expect_cpus(NULL, "{\"0\":5,\"1\":6}", 0, 5, 6, 0);
	/* A value that is a list, or an object, itself. */
	expect_cpus("value=u32[2]", "[1,2]", 0, 0x200000001, 0x200000001, 0);
	expect_cpus("value=u32[2]", "[[1,2],[3,4]]", 0, 0x200000001, 0x400000003, 0);
	expect_cpus("value={a:u64}", "{\"a\":3}", 0, 3, 3, 0);
	expect_cpus("value={a:u64}", "{\"1\":{\"a\":3}}", 0, 11, 3, 1);
	expect_cpus("value={a:u64}", "[{\"a\":3},\"hex-0400000000000000\"]", 0, 3, 4, 0);
	expect_cpus("value=str", "ab", 0, 0x6261, 0x6261, 0);
	expect_cpus("value=str", "[\"a\",\"b\"]", 0, 0x61, 0x62, 0);
}

Test(values, a_part_needs_the_rest)
{
	struct reading reading = {NULL, 0, -EPERM, 0};
	struct codec_current current = {read_current, &reading};
	uint64_t value[2];
	struct value_input input = {.bytes = value};
	struct fault fault = FAULT_INIT;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_PERCPU_HASH, 4, 8);
	codec = fake_codec(&fake, NULL);
	cr_expect_eq(codec_parse_value(codec, "{\"1\":5}", 7, &current, &input, &fault), -EPERM);
	cr_expect_str_eq(fault.text, "the text gives a part, and the rest could not be read: "
				     "Operation not permitted");
	codec_put(codec);
}

static void expect_sum(const char *format, const void *value, uint32_t size, const char *text)
{
	struct buffer out = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_PERCPU_ARRAY, 4, size);
	codec = fake_codec(&fake, format);
	if (text) {
		cr_expect_eq(codec_print_sum(codec, value, &out), 0);
		cr_expect_str_eq(out.data, text);
	} else {
		cr_expect_eq(codec_print_sum(codec, value, &out), -EOPNOTSUPP);
	}
	codec_put(codec);
	buffer_free(&out);
}

Test(values, sums)
{
	static const uint64_t most[2] = {~0ull, ~0ull};
	static const int64_t mixed[2] = {-5, 3};
	static const uint64_t slots[2] = {0xffffffff, 1}; /* u32 in slots of 8 */

	expect_sum(NULL, most, 8, "36893488147419103230");
	expect_sum("value=s64", mixed, 8, "-2");
	expect_sum(NULL, slots, 4, "4294967296");
	expect_sum("value=s32", slots, 4, "0");
	expect_sum("value={a:u64}", most, 8, NULL);
}

/* --- sections --- */

static int make_section(struct btf *btf)
{
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int byte = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	int text = btf__add_array(btf, number, byte, 6);
	int first = btf__add_var(btf, "counter", BTF_VAR_GLOBAL_ALLOCATED, number);
	int second = btf__add_var(btf, "main.name", BTF_VAR_STATIC, text);
	int section = btf__add_datasec(btf, ".data", 16);

	btf__add_datasec_var_info(btf, first, 0, 4);
	btf__add_datasec_var_info(btf, second, 8, 6);
	return section;
}

static void expect_section(const struct codec *codec, const char *text, const void *now,
			   const char *then)
{
	struct reading reading = {now, 16, 0, 0};
	struct codec_current current = {read_current, &reading};
	unsigned char value[16];
	struct value_input input = {.bytes = value};
	struct fault fault = FAULT_INIT;
	struct buffer out = BUFFER_INIT;

	cr_expect_eq(codec_parse_value(codec, text, strlen(text), &current, &input, &fault), 0,
		     "%s: %s", text, fault.text);
	cr_expect_str_eq(value_of(codec, value, &out), then, "%s", out.data);
	buffer_free(&out);
}

Test(values, variables)
{
	static const unsigned char now[17] = "\1\0\0\0\0\0\0\7name\0\0\0\0";
	struct btf *btf = btf__new_empty();
	int section = make_section(btf);
	struct buffer out = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;
	uint32_t length;

	fake_init(&fake, BPF_MAP_TYPE_ARRAY, 4, 16);
	fake.btf_data = btf__raw_data(btf, &length);
	fake.btf_length = length;
	fake.info.btf_id = 1;
	fake.info.btf_value_type_id = (uint32_t)section;
	codec = fake_codec(&fake, NULL);
	cr_expect_str_eq(codec_value_type_name(codec), ".data");
	cr_expect_str_eq(codec_format(codec), "key=u32 value=btf");
	cr_expect_str_eq(value_of(codec, now, &out),
			 "{\"counter\":1,\"main.name\":\"name\",\".4\":\"hex-00000007\"}", "%s",
			 out.data);
	expect_section(codec, "{\"counter\":-2}", now,
		       "{\"counter\":-2,\"main.name\":\"name\",\".4\":\"hex-00000007\"}");
	expect_section(codec, "{\"main.name\":\"ab\"}", now,
		       "{\"counter\":1,\"main.name\":\"ab\",\".4\":\"hex-00000007\"}");
	expect_section(codec, "{}", now,
		       "{\"counter\":1,\"main.name\":\"name\",\".4\":\"hex-00000007\"}");
	expect_section(codec, "{\"counter\":3,\"main.name\":\"\"}", now,
		       "{\"counter\":3,\"main.name\":\"\"}");
	expect_section(codec, "{\".14\":\"hex-0102\"}", now,
		       "{\"counter\":1,\"main.name\":\"name\",\".4\":\"hex-00000007\","
		       "\".14\":\"hex-0102\"}");
	codec_put(codec);
	buffer_free(&out);
	btf__free(btf);
}

/* --- names --- */

Test(values, long_names_are_short)
{
	unsigned char key[200], back[200];
	struct buffer name = BUFFER_INIT, full = BUFFER_INIT;
	struct fault fault = FAULT_INIT;
	struct codec *codec;
	struct fake fake;

	memset(key, 0xab, sizeof(key));
	fake_init(&fake, BPF_MAP_TYPE_HASH, sizeof(key), 4);
	codec = fake_codec(&fake, NULL);
	cr_assert_eq(codec_print_name(codec, key, &name), 0);
	cr_expect_eq(name.length, strlen(CODEC_NAME_SHORT) + 64);
	cr_expect_eq(strncmp(name.data, CODEC_NAME_SHORT, strlen(CODEC_NAME_SHORT)), 0);
	cr_expect_eq(codec_parse_name(codec, name.data, back, &fault), -ESRCH);
	cr_expect_str_empty(fault.text);
	cr_assert_eq(codec_print_full_name(codec, key, &full), 0);
	cr_expect_eq(codec_parse_name(codec, full.data, back, &fault), 0);
	cr_expect_arr_eq(back, key, sizeof(key));
	buffer_free(&name);
	buffer_free(&full);
	codec_put(codec);
}

/* A text that looks like a short name is none. */
Test(values, text_like_a_short_name)
{
	char key[80] = CODEC_NAME_SHORT, back[80];
	struct buffer name = BUFFER_INIT;
	struct fault fault = FAULT_INIT;
	struct codec *codec;
	struct fake fake;

	memset(key + strlen(key), 'a', 64);
	fake_init(&fake, BPF_MAP_TYPE_HASH, sizeof(key), 4);
	codec = fake_codec(&fake, "key=str");
	cr_expect_eq(strncmp(name_of(codec, key, &name), "%73ha256-aa", 11), 0, "%s", name.data);
	cr_expect_eq(codec_parse_name(codec, name.data, back, &fault), 0, "%s", fault.text);
	cr_expect_arr_eq(back, key, sizeof(key));
	codec_put(codec);
	buffer_free(&name);
}

Test(values, hex_keys)
{
	const struct codec_options options = {.hex_keys = true};
	const uint32_t key = 0x2a;
	struct buffer name = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
	cr_assert_eq(codec_open(&fake.map, &options, &codec, NULL), 0);
	cr_expect_str_eq(name_of(codec, &key, &name), "hex-2a000000");
	codec_put(codec);
	buffer_free(&name);
}

/* --- formats --- */

static void expect_format(uint32_t key_size, uint32_t value_size, const char *format,
			  const char *told)
{
	struct codec *codec;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_HASH, key_size, value_size);
	codec = fake_codec(&fake, format);
	cr_expect_str_eq(codec_format(codec), told, "%s", codec_format(codec));
	codec_put(codec);
}

Test(values, formats)
{
	expect_format(4, 8, NULL, "key=u32 value=u64");
	expect_format(3, 5, NULL, "key=hex value=hex");
	expect_format(4, 8, "value=s64", "key=u32 value=s64");
	expect_format(4, 8, " key=ipv4\tvalue=btf\n", "key=ipv4 value=u64");
	expect_format(6, 8, "key={a:u32,b:u16} value={a:u32,b:u16}",
		      "key=packed{a:u32,b:u16} value={a:u32,b:u16}");
	expect_format(16, 24, "key=str value=u32[2][3]", "key=str[16] value=u32[2][3]");
	expect_format(8, 20, "key=lpm4 value=lpm6", "key=lpm4 value=lpm6");
}

/* --- BTF that says something else than the map --- */

Test(values, btf_of_another_size)
{
	struct btf *btf = btf__new_empty();
	struct buffer out = BUFFER_INIT;
	const uint32_t value = 5;
	struct codec *codec;
	struct fake fake;
	uint32_t length;

	fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
	fake.info.btf_id = 1;
	fake.info.btf_key_type_id = (uint32_t)btf__add_int(btf, "key_t", 4, 0);
	fake.info.btf_value_type_id = (uint32_t)btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	fake.btf_data = btf__raw_data(btf, &length);
	fake.btf_length = length;
	codec = fake_codec(&fake, NULL);
	cr_assert_not_null(codec_note(codec));
	cr_expect_str_eq(codec_note(codec), "BTF says that the value, long, has 8 bytes, the map "
					    "says 4: shown as bytes");
	cr_expect_str_eq(codec_key_type_name(codec), "key_t");
	cr_expect_str_eq(value_of(codec, &value, &out), "5");
	codec_put(codec);
	fake.btf_data = "garbage";
	fake.btf_length = 7;
	codec = fake_codec(&fake, NULL);
	cr_expect_not_null(codec_note(codec));
	codec_put(codec);
	buffer_free(&out);
	btf__free(btf);
}
