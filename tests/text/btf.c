// SPDX-License-Identifier: BSD-2-Clause
/*
 * Types that only BTF can say: which rules recognise them, how they print, and what is wrong with
 * texts for them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include "fake.h"

static struct codec *open_type(struct fake *fake, struct btf *btf, int id)
{
	uint32_t size = (uint32_t)btf__resolve_size(btf, (uint32_t)id), length;

	fake_init(fake, BPF_MAP_TYPE_HASH, size, size);
	fake->btf_data = btf__raw_data(btf, &length);
	fake->btf_length = length;
	fake->info.btf_id = 1;
	fake->info.btf_key_type_id = fake->info.btf_value_type_id = (uint32_t)id;
	return fake_codec(fake, NULL);
}

static void expect_value(const struct codec *codec, const char *text, const char *printed)
{
	unsigned char value[64];
	struct fault fault = FAULT_INIT;
	struct buffer out = BUFFER_INIT;

	cr_expect_eq(parse_value(codec, text, value, &fault), 0, "%s: %s", text, fault.text);
	cr_expect_str_eq(value_of(codec, value, &out), printed, "%s: %s", text, out.data);
	buffer_free(&out);
}

static void expect_mistake(const struct codec *codec, const char *text, const char *sentence)
{
	unsigned char value[64];
	struct fault fault = FAULT_INIT;

	cr_expect_eq(parse_value(codec, text, value, &fault), -EINVAL, "%s", text);
	cr_expect_str_eq(fault.text, sentence, "%s: %s", text, fault.text);
}

/* --- unions --- */

Test(btf, unions)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int byte = btf__add_int(btf, "unsigned char", 1, 0);
	int halves = btf__add_struct(btf, "halves", 4);
	struct codec *codec;
	struct fake fake;
	int id, outer;

	btf__add_field(btf, "low", byte, 0, 0);
	btf__add_field(btf, "high", byte, 24, 0);
	id = btf__add_union(btf, NULL, 4);
	btf__add_field(btf, "whole", number, 0, 0);
	btf__add_field(btf, "byte", byte, 0, 0);
	btf__add_field(btf, "parts", halves, 0, 0);
	btf__add_field(btf, "bits", number, 0, 5);
	outer = btf__add_struct(btf, "choice", 8);
	btf__add_field(btf, "kind", number, 0, 0);
	btf__add_field(btf, NULL, id, 32, 0);
	codec = open_type(&fake, btf, outer);
	expect_value(codec, "{\"kind\":1,\"whole\":16777257}",
		     "{\"kind\":1,\"whole\":16777257,\"byte\":41,\"parts\":{\"low\":41,\"high\":1},"
		     "\"bits\":9}");
	expect_value(codec, "{\"kind\":1,\"byte\":255}",
		     "{\"kind\":1,\"whole\":255,\"byte\":255,\"parts\":{\"low\":255,\"high\":0},"
		     "\"bits\":31}");
	expect_value(codec, "{\"whole\":256,\"kind\":1}",
		     "{\"kind\":1,\"whole\":256,\"byte\":0,\"parts\":\"hex-00010000\",\"bits\":0}");
	expect_mistake(codec, "{\"kind\":1}", "no member of the union is given at position 1");
	expect_mistake(codec, "{\"kind\":1,\"whole\":1,\"byte\":2}",
		       "member 'byte' of the union contradicts the one before it: give one of them "
		       "at position 1");
	expect_mistake(codec, "{\"kind\":1,\"parts\":{\"low\":1}}",
		       "parts: member 'high' (unsigned char) is missing at position 19");
	codec_put(codec);
	btf__free(btf);
}

/* --- bit-fields, enums, the kernel's own --- */

Test(btf, members_of_few_bits_and_names)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int sign = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int lock = btf__add_struct(btf, "bpf_spin_lock", 4), color, id;
	struct codec *codec;
	struct fake fake;

	btf__add_field(btf, "val", number, 0, 0);
	color = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "RED", 0);
	btf__add_enum_value(btf, "GREEN", 5);
	id = btf__add_struct(btf, "mixed", 16);
	btf__add_field(btf, "flags", number, 0, 3);
	btf__add_field(btf, "delta", sign, 3, 4);
	btf__add_field(btf, "color", color, 32, 0);
	btf__add_field(btf, "lock", lock, 64, 0);
	btf__add_field(btf, "last", number, 96, 0);
	codec = open_type(&fake, btf, id);
	cr_expect(codec_has_lock(codec));
	cr_expect_str_eq(codec_format(codec), "key=btf value=btf");
	expect_value(codec,
		     "{\"flags\":7,\"delta\":-8,\"color\":5,\"lock\":null,\"last\":\"0x10\"}",
		     "{\"flags\":7,\"delta\":-8,\"color\":\"GREEN\",\"lock\":null,\"last\":16}");
	expect_value(codec, "{\"flags\":0,\"delta\":7,\"color\":6,\"last\":0}",
		     "{\"flags\":0,\"delta\":7,\"color\":6,\"lock\":null,\"last\":0}");
	expect_mistake(codec, "{\"flags\":8,\"delta\":0,\"color\":0,\"last\":0}",
		       "flags: out of range for an unsigned bit-field of 3 bits at position 10");
	expect_mistake(codec, "{\"flags\":0,\"delta\":8,\"color\":0,\"last\":0}",
		       "delta: out of range for a signed bit-field of 4 bits at position 20");
	expect_mistake(codec, "{\"flags\":0,\"delta\":0,\"color\":\"BLUE\",\"last\":0}",
		       "color: expected RED, GREEN, or a number, got \"BLUE\" at position 30");
	expect_mistake(codec, "{\"flags\":0,\"delta\":0,\"color\":0,\"lock\":1,\"last\":0}",
		       "lock: expected null, for bpf_spin_lock is the kernel's own, got 1 at "
		       "position 39");
	expect_mistake(codec,
		       "{\"flags\":0,\"delta\":0,\"color\":0,\"lock\":\"hex-00000000\",\"last\":0}",
		       "lock: expected null, for bpf_spin_lock is the kernel's own, got "
		       "\"hex-00000000\" at position 39");
	codec_put(codec);
	btf__free(btf);
}

/* --- names that mean something --- */

static void expect_array(const char *name, bool is_mac)
{
	struct btf *btf = btf__new_empty();
	int byte = btf__add_int(btf, "unsigned char", 1, 0);
	int array = btf__add_array(btf, byte, byte, 6);
	int id = btf__add_struct(btf, "frame", 6);
	static const unsigned char value[6] = {2, 0, 0, 0, 0, 1};
	struct buffer out = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;
	char text[96];

	btf__add_field(btf, name, array, 0, 0);
	codec = open_type(&fake, btf, id);
	snprintf(text, sizeof(text), "{\"%s\":%s}", name,
		 is_mac ? "\"02:00:00:00:00:01\"" : "[2,0,0,0,0,1]");
	cr_expect_str_eq(value_of(codec, value, &out), text, "%s", out.data);
	snprintf(text, sizeof(text), "%s=%s", name,
		 is_mac ? "02:00:00:00:00:01" : "hex-020000000001");
	cr_expect_str_eq(name_of(codec, value, &out), text, "%s", out.data);
	codec_put(codec);
	buffer_free(&out);
	btf__free(btf);
}

Test(btf, hardware_addresses)
{
	static const char *const macs[] = {"h_dest", "h_source", "mac",	     "src_mac", "mac_addr",
					   "smac",   "dmac",	 "eth",	     "eth0",	"macaddr",
					   "mac2",   "hwaddr",	 "peer_eth", "lladdr",	"__mac"};
	static const char *const others[] = {"pad", "method", "machine", "bytes", "ethics", "m_ac"};

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
		expect_array(macs[i], true);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_array(others[i], false);
}

/* --- types that no text can tell --- */

static void expect_hex(struct btf *btf, int id, size_t size)
{
	static const unsigned char value[16] = {1};
	struct buffer out = BUFFER_INIT;
	struct codec *codec;
	struct fake fake;

	codec = open_type(&fake, btf, id);
	value_of(codec, value, &out);
	cr_expect(strncmp(out.data, "\"hex-01", 7) == 0 && out.length == 2 * size + 6, "%s",
		  out.data);
	codec_put(codec);
	buffer_free(&out);
	btf__free(btf);
}

Test(btf, two_members_of_one_name)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int inner = btf__add_struct(btf, NULL, 4), id;

	btf__add_field(btf, "a", number, 0, 0);
	id = btf__add_struct(btf, "outer", 12);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 32, 0);
	btf__add_field(btf, NULL, inner, 64, 0);
	expect_hex(btf, id, 12);
}

Test(btf, members_outside_of_the_struct)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int id = btf__add_struct(btf, "short_one", 12);

	btf__add_field(btf, "a", number, 80, 0);
	expect_hex(btf, id, 12);
}

Test(btf, empty_structs_without_end)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int id = btf__add_struct(btf, "s", 0);
	char name[16];

	/* Each has twice the members of the one before, and none a byte. */
	for (int depth = 0; depth < 30; depth++) {
		int inner = id;

		id = btf__add_struct(btf, "s", 0);
		for (int i = 0; i < 2; i++) {
			snprintf(name, sizeof(name), "m%d", i);
			btf__add_field(btf, name, inner, 0, 0);
		}
	}
	number = btf__add_struct(btf, "top", 12);
	btf__add_field(btf, "tree", id, 0, 0);
	expect_hex(btf, number, 12);
}
