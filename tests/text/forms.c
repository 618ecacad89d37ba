// SPDX-License-Identifier: BSD-2-Clause
/* Every form of bpfuse-formats(5) that needs no BTF, printed and read back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include "fake.h"

static unsigned char nibble(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* "0a0b" to bytes; returns how many. */
static size_t bytes_of(const char *hex, unsigned char *bytes)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return length;
}

struct form {
	const char *type;  /* NULL: by the size alone */
	const char *bytes; /* in memory order, little-endian */
	const char *value; /* how they print as a value */
	const char *name;  /* and as a key name */
	const char *also;  /* another text of the value; NULL: none */
};

static const struct form forms[] = {
	/* by size */
	{NULL, "2a", "42", "42", "0x2a"},
	{NULL, "0201", "258", "258", "02 01"},
	{NULL, "01000000", "1", "1", "0x1"},
	{NULL, "ffffffff", "4294967295", "4294967295", " 4294967295\n"},
	{NULL, "ffffffffffffffff", "18446744073709551615", "18446744073709551615",
	 "0xffffffffffffffff"},
	{NULL, "0a0b0c", "\"hex-0a0b0c\"", "hex-0a0b0c", "0a 0b 0c"},
	{NULL, "0a0b0c", "\"hex-0a0b0c\"", "hex-0a0b0c", "hex-0A0B0C"},
	{NULL, "0a0b0c0d0e", "\"hex-0a0b0c0d0e\"", "hex-0a0b0c0d0e", "0x0a 0x0b 0x0c 0x0d 0x0e"},
	/* scalars */
	{"u8", "ff", "255", "255", "0xff"},
	{"s8", "ff", "-1", "-1", "-0x1"},
	{"s8", "80", "-128", "-128", NULL},
	{"s16", "feff", "-2", "-2", "\"-2\""},
	{"s32", "00000080", "-2147483648", "-2147483648", NULL},
	{"s64", "0000000000000080", "-9223372036854775808", "-9223372036854775808", NULL},
	{"u128", "ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455",
	 "340282366920938463463374607431768211455", "0xffffffffffffffffffffffffffffffff"},
	{"s128", "00000000000000000000000000000080", "-170141183460469231731687303715884105728",
	 "-170141183460469231731687303715884105728", NULL},
	{"be16", "01bb", "443", "443", "hex-01bb"},
	{"be32", "00000102", "258", "258", "00 00 01 02"},
	{"be64", "0000000000000001", "1", "1", "0x1"},
	{"bool", "01", "true", "true", "1"},
	{"bool", "00", "false", "false", "0"},
	{"bool", "07", "7", "7", "0x7"},
	{"f32", "0000c03f", "1.5", "1.5", "15e-1"},
	{"f64", "9a9999999999b93f", "0.1", "0.1", NULL},
	{"f64", "0000000000000080", "-0", "-0", "-0.0"},
	{"f64", "000000000000f07f", "\"hex-000000000000f07f\"", "hex-000000000000f07f", NULL},
	{"ipv4", "0a000001", "\"10.0.0.1\"", "10.0.0.1", "10.0.0.1"},
	{"ipv4", "0a000001", "\"10.0.0.1\"", "10.0.0.1", "0a 00 00 01"},
	{"ipv6", "20010db8000000000000000000000001", "\"2001:db8::1\"", "2001:db8::1",
	 "2001:0db8::0001"},
	{"mac", "020000000001", "\"02:00:00:00:00:01\"", "02:00:00:00:00:01", "02-00-00-00-00-01"},
	/* characters */
	{"str[8]", "6869000000000000", "\"hi\"", "hi", "hi"},
	{"str[4]", "61626364", "\"abcd\"", "abcd", "\"\\u0061bcd\""},
	{"str[8]", "6820690000000000", "\"h i\"", "h i", "  h i \n"},
	{"str[4]", "22005c00", "\"hex-22005c00\"", "hex-22005c00", NULL},
	{"str[4]", "225c0900", "\"\\\"\\\\\\t\"", "\"\\%09", NULL},
	{"str[4]", "2f2e2500", "\"/.%\"", "%2F.%25", NULL},
	{"str[4]", "2e6d6170", "\".map\"", "%2Emap", NULL},
	{"str[4]", "ff000000", "\"hex-ff000000\"", "hex-ff000000", NULL},
	{"str[4]", "c3a40000", "\"\xc3\xa4\"", "\xc3\xa4", "\"\\u00e4\""},
	{"str[4]", "f09f9880", "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
	{"str[4]", "00000000", "\"\"", "hex-00000000", ""},
	{"str[8]", "6865782d61000000", "\"hex-a\"", "hex-a", "hex-a"},
	{"str[8]", "5b315d0000000000", "\"[1]\"", "[1]", "[1]"},
	{"str[8]", "6e756c6c00000000", "\"null\"", "null", "null"},
	{"str[8]", "612c623d63000000", "\"a,b=c\"", "a,b=c", NULL},
	{"hex[3]", "0a0b0c", "\"hex-0a0b0c\"", "hex-0a0b0c", "0a0b0c"},
	{"hex[1]", "0a", "\"hex-0a\"", "hex-0a", "0a"},
	/* structs and arrays */
	{"{saddr:ipv4,dport:be16,pad:u8[2]}", "0a00000101bb0000",
	 "{\"saddr\":\"10.0.0.1\",\"dport\":443,\"pad\":[0,0]}",
	 "saddr=10.0.0.1,dport=443,pad=hex-0000",
	 " { \"dport\" : 443 , \"pad\" : \"hex-0000\", \"saddr\" : \"10.0.0.1\" } "},
	{"{saddr:ipv4,dport:be16}", "0a00000101bb0000", "{\"saddr\":\"10.0.0.1\",\"dport\":443}",
	 "saddr=10.0.0.1,dport=443", NULL},
	{"{saddr:ipv4,dport:be16}", "0a00000101bb", "{\"saddr\":\"10.0.0.1\",\"dport\":443}",
	 "saddr=10.0.0.1,dport=443", NULL},
	{"{saddr:ipv4,dport:be16}", "0a00000101bb0001", "\"hex-0a00000101bb0001\"",
	 "hex-0a00000101bb0001", NULL},
	{"packed{a:u8,b:u32}", "0102000000", "{\"a\":1,\"b\":2}", "a=1,b=2", NULL},
	{"{src:{port:u16,on:bool},v:u16[2]}", "0100010002000300",
	 "{\"src\":{\"port\":1,\"on\":true},\"v\":[2,3]}", "src.port=1,src.on=true,v.0=2,v.1=3",
	 NULL},
	{"{src:{port:u16,on:u16},v:u16[2]}", "0100010002000300",
	 "{\"src\":{\"port\":1,\"on\":1},\"v\":[2,3]}", "src.port=1,src.on=1,v.0=2,v.1=3", NULL},
	{"u32[2]", "0100000002000000", "[1,2]", "0=1,1=2", "[0x1,\"2\"]"},
	{"u8[4]", "01020304", "[1,2,3,4]", "hex-01020304", "01 02 03 04"},
	{"s8[2]", "ff01", "[-1,1]", "hex-ff01", NULL},
	{"u8[2][2]", "01020304", "[[1,2],[3,4]]", "0=hex-0102,1=hex-0304", NULL},
	{"{s:str[4],n:str[4]}", "2c3d2f002e000000", "{\"s\":\",=/\",\"n\":\".\"}",
	 "s=%2C%3D%2F,n=.", NULL},
	{"{s:str[2]}[2]", "61006200", "[{\"s\":\"a\"},{\"s\":\"b\"}]", "0.s=a,1.s=b", NULL},
	{"lpm4", "080000000a000000", "\"10.0.0.0/8\"", "10.0.0.0_8", "10.0.0.0_8"},
	{"lpm4", "210000000a000000", "\"hex-210000000a000000\"", "hex-210000000a000000", NULL},
	{"lpm6", "2000000020010db8000000000000000000000000", "\"2001:db8::/32\"", "2001:db8::_32",
	 NULL},
};

static struct codec *open_form(struct fake *fake, const struct form *form, uint32_t size,
			       char *format, size_t room)
{
	fake_init(fake, BPF_MAP_TYPE_HASH, size, size);
	if (form->type)
		snprintf(format, room, "key=%s value=%s", form->type, form->type);
	return fake_codec(fake, form->type ? format : NULL);
}

Test(forms, print_and_parse_back)
{
	struct buffer out = BUFFER_INIT;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *form = &forms[i];
		unsigned char bytes[64], back[64];
		struct fault fault = FAULT_INIT;
		size_t size = bytes_of(form->bytes, bytes);
		struct fake fake;
		char format[256];
		struct codec *codec;

		codec = open_form(&fake, form, (uint32_t)size, format, sizeof(format));
		cr_expect_str_eq(value_of(codec, bytes, &out), form->value, "%s", form->bytes);
		cr_expect_str_eq(name_of(codec, bytes, &out), form->name, "%s", form->bytes);
		memset(back, 0xaa, sizeof(back));
		cr_expect_eq(codec_parse_name(codec, form->name, back, &fault), 0, "%s: %s",
			     form->name, fault.text);
		cr_expect_arr_eq(back, bytes, size, "name %s", form->name);
		memset(back, 0xaa, sizeof(back));
		cr_expect_eq(parse_value(codec, form->value, back, &fault), 0, "%s: %s",
			     form->value, fault.text);
		cr_expect_arr_eq(back, bytes, size, "value %s", form->value);
		if (form->also) {
			memset(back, 0xaa, sizeof(back));
			cr_expect_eq(parse_value(codec, form->also, back, &fault), 0, "%s: %s",
				     form->also, fault.text);
			cr_expect_arr_eq(back, bytes, size, "also %s", form->also);
		}
		codec_put(codec);
	}
	buffer_free(&out);
}
