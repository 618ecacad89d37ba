// SPDX-License-Identifier: BSD-2-Clause
#include <stddef.h>
#include "types_samples.h"

const struct sample types_samples[] = {
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
	 false},
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
	{"listed", "1", "{\"count\":12,\"lock\":null,\"items\":null}", false},
	{".bss", "0", "{\"slots\":[1,2,3,4],\"hidden\":255,\"counter\":18446744073709551615}",
	 false},
	{".data", "0",
	 "{\"level\":-7,\"greeting\":\"good day\",\"limits\":{\"low\":3,\"high\":4},"
	 "\"tail_data\":{\"count\":2,\"elements\":[9,10]}}",
	 false},
	{NULL, NULL, NULL, false},
};
