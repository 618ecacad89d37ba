// SPDX-License-Identifier: BSD-2-Clause
#include <stdint.h>
#include <string.h>
#include "lpm_order.h"

/* struct bpf_lpm_trie_key: prefix length, then the bits. */
#define LPM_PREFIX sizeof(uint32_t)

int lpm_order(const void *a, const void *b, size_t key_size)
{
	const unsigned char *bits_a = (const unsigned char *)a + LPM_PREFIX;
	const unsigned char *bits_b = (const unsigned char *)b + LPM_PREFIX;
	uint32_t prefix_a, prefix_b, common, bytes;
	int order;

	memcpy(&prefix_a, a, sizeof(prefix_a));
	memcpy(&prefix_b, b, sizeof(prefix_b));
	common = prefix_a < prefix_b ? prefix_a : prefix_b;
	if (common > 8 * (key_size - LPM_PREFIX))
		common = (uint32_t)(8 * (key_size - LPM_PREFIX));
	bytes = common / 8;
	order = memcmp(bits_a, bits_b, bytes);
	if (!order && common % 8) {
		int unused = 8 - (int)(common % 8);

		order = (bits_a[bytes] >> unused) - (bits_b[bytes] >> unused);
	}
	return order ? order : (prefix_a < prefix_b) - (prefix_a > prefix_b);
}
