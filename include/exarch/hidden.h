/* SPDX-License-Identifier: BSD-2-Clause */
/* First in every engine source (Makefile): what is declared and not defined here is in the same
 * image, so no reference needs a global offset table. -fvisibility=hidden covers definitions only.
 */
#pragma GCC visibility push(hidden)
