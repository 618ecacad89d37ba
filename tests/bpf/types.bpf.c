// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every kind of BTF that can be in keys and values: maps that tests/kernel/test_types.c reads and
 * writes through the codec and compares with what bpftool makes of them.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define MAP(name_, type_, key_, value_)                                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, 8);                                                            \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
	} name_ SEC(".maps")

/* --- integers --- */

struct integers {
	_Bool yes;
	char letter;
	signed char s8;
	unsigned char u8;
	short s16;
	unsigned short u16;
	int s32;
	unsigned int u32;
	long long s64;
	unsigned long long u64;
};
MAP(integers, HASH, __u32, struct integers);

struct wide {
	__int128 s128;
	unsigned __int128 u128;
};
MAP(wide, HASH, __s64, struct wide);

enum color { RED, GREEN = 5, BLUE = 0x7fffffff };
enum sign { MINUS = -1, NONE, PLUS };
struct enums {
	enum color color;
	enum sign sign;
	enum color colors[2];
};
MAP(enums, HASH, enum color, struct enums);

struct bits {
	__u32 one : 1;
	__u32 three : 3;
	__s32 minus : 5;
	__u32 : 7;
	__u32 wide : 16;
	__u64 big : 40;
	enum color color : 4;
};
MAP(bits, ARRAY, __u32, struct bits);

/* --- structs --- */

typedef const volatile __u32 counter_t;
typedef struct {
	counter_t low;
	counter_t high;
} pair_t;

struct nested {
	pair_t pairs[2];
	struct {
		__u16 left;
		__u16 right;
	};
	union {
		__u32 whole;
		struct {
			__u8 a, b, c, d;
		} parts;
		__u8 bytes[4];
	};
	struct {
		__u32 x;
		struct {
			__u64 y;
		} inner;
	} outer;
	__u16 table[2][3];
};
MAP(nested, HASH, pair_t, struct nested);

struct texts {
	char name[8];
	char lines[2][4];
	unsigned char raw[4];
	signed char small[2];
};
typedef char label_t[16];
struct named {
	label_t label;
};
MAP(texts, HASH, struct named, struct texts);

struct opaque;
struct pointers {
	void *any;
	struct opaque *forward;
	int (*call)(int);
	const char *string;
};
MAP(pointers, HASH, __u64, struct pointers);

struct reals {
	float single;
	double twice;
};
MAP(reals, HASH, __u32, struct reals);

struct tail {
	__u32 count;
	__u32 elements[];
};
struct empty {
};
struct tails {
	struct empty nothing;
	__u32 zero[0];
	__u32 some;
	char text[0];
};
MAP(tail, HASH, __u32, struct tail);
MAP(tails, HASH, __u32, struct tails);

/* --- networks --- */

struct in_addr {
	__be32 s_addr;
};
struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be16 u6_addr16[8];
		__be32 u6_addr32[4];
	} in6_u;
};
struct flow {
	struct in_addr saddr;
	struct in_addr daddr;
	__be16 be_sport;
	__be16 be_dport;
	__u8 protocol;
	__u8 pad[3];
};
struct peer {
	struct in6_addr address;
	unsigned char h_dest[6];
	__u8 src_mac[6];
	__be32 be_mark;
	__be64 be_cookie;
};
MAP(flows, LRU_HASH, struct flow, struct peer);
MAP(flows_percpu, PERCPU_HASH, struct flow, __u64);
MAP(pairs_percpu, PERCPU_ARRAY, __u32, pair_t);

struct prefix {
	__u32 length;
	struct in_addr address;
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");

/* --- the kernel's own --- */

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};
MAP(locked, HASH, __u32, struct locked);

struct timed {
	__u64 count;
	struct bpf_timer timer;
};
MAP(timed, ARRAY, __u32, struct timed);

/* As newer headers have them; the kernel goes by their names and sizes. */
struct bpf_list_head {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
	__u64 opaque[3];
} __attribute__((aligned(8)));
struct item {
	__u64 number;
	struct bpf_list_node link;
};
struct listed {
	__u64 count;
	struct bpf_spin_lock lock;
	struct bpf_list_head items __attribute__((btf_decl_tag("contains:item:link")));
};
MAP(listed, ARRAY, __u32, struct listed);

/* --- variables: .bss, .data, .rodata --- */

struct limits {
	__u32 low, high;
};

__u64 counter;
__u32 slots[4];
static volatile __u8 hidden;
int level = -3;
char greeting[12] = "hello";
struct limits limits = {1, 2};
struct tail tail_data = {2, {7, 8}};
const volatile __u32 debug = 1;
const volatile char version[8] = "1.0";

/* A struct that is only named in a tag would not be in BTF. */
__attribute__((noinline)) int use_item(struct item *item)
{
	return item ? item->number : 0;
}

SEC("socket")
int use_all(void *context)
{
	counter += level + slots[1] + hidden++ + debug + version[0] + greeting[0] + limits.low +
		   tail_data.count;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
