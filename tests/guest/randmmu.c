/* SPDX-License-Identifier: BSD-2-Clause */
/* Random changes of translations and accesses by them, against a walk of the tables in software. */
/*
 * Three views (tables for TTBR0 with an ASID each) and the tables for TTBR1 have pages at both ends
 * of their ranges, and a block that is now and then a table of pages. Changes go by break before
 * make with the least TLB maintenance that does; ASIDs are exchanged; PSTATE.PAN and UAO come and
 * go. Code is fetched, and data read and written, by EL1 and EL0, from code in such pages and from
 * the program's own.
 */
#include "tests/guest/guest.h"
#include "tests/xorshift.h"

#define OPERATIONS   20000
#define PAGES        12
#define VIEWS        3
#define REGION_PAGES 6
#define BLOCK_PA     0x41000000ul

enum kind { FETCH, READ, WRITE, READ_UNPRIV, WRITE_UNPRIV, KINDS };

static const uint64_t region[] = {0x8000000000ul, 0xffffffffa000ul, 0xffff000000000000ul,
                                  0xfffffffffffe0000ul};
static const uint64_t block[2] = {0x8040000000ul, 0xffff800040000000ul}; /* low, high */

static uint64_t seed = 0x9e3779b97f4a7c15ul;
static uint64_t page[PAGES];
static struct view {
    uint64_t *root;
    uint64_t asid;
} view[VIEWS];
static struct view *current;
static bool pan, uao;

static uint32_t below(uint32_t n)
{
    return (uint32_t)((xorshift64(&seed) >> 33) % n);
}

static uint64_t *root_for(uint64_t va, const struct view *v)
{
    return va >> 63 ? high_root : v->root;
}

/* --- the walk --- */
#define FAULT_TRANSLATION 4
#define FAULT_ACCESS_FLAG 8
#define FAULT_PERMISSION  12

struct leaf {
    uint64_t entry;
    unsigned level;
};

static unsigned walk(uint64_t va, struct leaf *leaf)
{
    uint64_t *table = root_for(va, current);

    if (va >> 48 != 0 && va >> 48 != 0xffff) {
        return FAULT_TRANSLATION; /* of neither range */
    }
    for (unsigned level = 0;; level++) {
        uint64_t entry = table[va >> (39 - 9 * level) & 511];
        bool is_table = entry & PTE_TABLE;

        if (!(entry & PTE_VALID) || (!is_table && (level == 0 || level == 3))) {
            return FAULT_TRANSLATION + level;
        }
        if (level == 3 || !is_table) {
            *leaf = (struct leaf){entry, level};
            return entry & PTE_AF ? 0 : FAULT_ACCESS_FLAG + level;
        }
        table = (uint64_t *)(entry & 0xfffffffff000);
    }
}

static bool allows(uint64_t entry, enum kind kind, bool el0)
{
    bool user = entry & PTE_EL0, read_only = entry & PTE_RO;
    bool unpriv = el0 || ((kind == READ_UNPRIV || kind == WRITE_UNPRIV) && !uao);

    if (kind == FETCH) {
        return !(el0 ? entry & PTE_UXN : (entry & PTE_PXN) || (user && !read_only));
    }
    if (unpriv ? !user : pan && user) {
        return false;
    }
    return !(read_only && (kind == WRITE || kind == WRITE_UNPRIV));
}

/* The fault status of an access, or 0 and the physical address. */
static unsigned translate(uint64_t va, enum kind kind, bool el0, uint64_t *pa)
{
    struct leaf leaf = {0, 0};
    unsigned fault = walk(va, &leaf);

    if (fault) {
        return fault;
    }
    uint64_t size = 4096ul << (9 * (3 - leaf.level));
    *pa = (leaf.entry & 0xfffffffff000 & ~(size - 1)) | (va & (size - 1));
    return allows(leaf.entry, kind, el0) ? 0 : FAULT_PERMISSION + leaf.level;
}

/* --- what is in the pages: data, and code at 0x200 --- */
#define CODE     0x200
#define DATA     0xf00
#define RET      0xd65f03c0u
#define SVC      (0xd4000001u | EL0_SVC << 5)
#define MOVZ(n)  (0xd2800000u | (n) << 5) /* x0 */
#define LDR      0xf9400000u              /* x0, [x0] */
#define STR      0xf9000001u              /* x1, [x0] */
#define STR_SELF 0xf9000000u              /* x0, [x0] */
#define LDTR     0xf8400800u              /* x0, [x0] */
#define STTR     0xf8000801u              /* x1, [x0] */

/* Two words each: FETCH, READ, WRITE at EL1 and at EL0, then the unprivileged ones. */
static uint64_t code_offset(enum kind kind, bool el0)
{
    return CODE + 8ul * (kind <= WRITE ? 2 * kind + el0 : 3 + kind);
}

static void fill(unsigned i)
{
    const uint32_t words[] = {MOVZ(i), RET, MOVZ(i),  SVC, LDR,  RET, LDR,  SVC,
                              STR,     RET, STR_SELF, SVC, LDTR, RET, STTR, RET};

    for (unsigned at = 0; at < 4096; at += 8) {
        *(uint64_t *)(page[i] + at) = xorshift64(&seed);
    }
    put_code((uint32_t *)(page[i] + CODE), words, sizeof(words) / 4, page[i] + CODE);
}

static unsigned page_number(uint64_t pa)
{
    unsigned i = 0;

    while (i < PAGES && page[i] != (pa & ~0xffful)) {
        i++;
    }
    return i;
}

/* --- changes --- */
static void sync(void)
{
    __asm__ volatile("dsb ish; isb" ::: "memory");
}

#define TLBI(op, x) __asm__ volatile("tlbi " #op ", %0" ::"r"(x) : "memory")

static uint64_t tlbi_argument(uint64_t va, uint64_t asid)
{
    return (va >> 12 & 0xfffffffffff) | asid << 48;
}

static void drop_all(void)
{
    __asm__ volatile("tlbi vmalle1is" ::: "memory");
    sync();
}

/* One of the ways to drop va's last-level entry, which asid has, or all where it is global. */
static void drop(uint64_t va, uint64_t asid, bool global)
{
    uint64_t any = tlbi_argument(va, below(65536));
    uint64_t own = global ? any : tlbi_argument(va, asid);

    switch (below(global ? 8 : 9)) {
    case 0: TLBI(vae1is, own); break;
    case 1: TLBI(vae1, own); break;
    case 2: TLBI(vale1is, own); break;
    case 3: TLBI(vale1, own); break;
    case 4: TLBI(vaae1is, any); break;
    case 5: TLBI(vaae1, any); break;
    case 6: TLBI(vaale1, any); break;
    case 7: __asm__ volatile("tlbi vmalle1" ::: "memory"); break;
    case 8: TLBI(aside1is, asid << 48); break;
    }
    sync();
}

static uint64_t random_page(bool high)
{
    uint64_t entry = page[below(PAGES)] | PTE_PAGE;

    entry |= below(2) ? PTE_EL0 : 0;
    entry |= below(3) ? 0 : PTE_RO;
    entry |= below(3) ? 0 : PTE_PXN;
    entry |= below(3) ? 0 : PTE_UXN;
    entry |= !high || below(2) ? PTE_NG : 0;
    return below(12) ? entry : entry & ~PTE_AF;
}

/* Which ASIDs know a high page that is not global nobody has noted. */
static void change_page(uint64_t va, const struct view *v)
{
    bool high = va >> 63;
    uint64_t *entry = table_entry(root_for(va, v), va, 3), old = *entry;

    if (old & PTE_VALID) {
        *entry = 0;
        dsb();
        if (high && (old & PTE_NG)) {
            TLBI(vaae1is, tlbi_argument(va, 0));
            sync();
        } else {
            drop(va, v->asid, !(old & PTE_NG));
        }
    }
    if (below(8)) {
        *entry = random_page(high);
    }
    sync();
}

static uint64_t random_table(uint64_t *table)
{
    for (unsigned i = 0; i < 512; i++) {
        table[i] = below(4) ? random_page(false) : 0;
    }
    dsb();
    return (uint64_t)table | PTE_VALID | PTE_TABLE;
}

static uint64_t random_block(void)
{
    return BLOCK_PA | PTE_BLOCK | PTE_NG | (below(2) ? PTE_EL0 : 0) | (below(3) ? 0 : PTE_RO);
}

/* A block may be dropped by any of its addresses. */
static void change_block(struct view *v, bool high)
{
    static uint64_t *tables[VIEWS + 1];
    uint64_t **table = &tables[high ? VIEWS : v - view];
    uint64_t *entry = table_entry(root_for(block[high], v), block[high], 2), old = *entry;

    if (!*table) {
        *table = table_new();
    }
    *entry = 0;
    dsb();
    if (high || (old & PTE_TABLE)) {
        drop_all();
    } else if (old & PTE_VALID) {
        drop(block[high] + 4096ul * below(512), v->asid, false);
    }
    *entry = below(2) ? random_block() : random_table(*table);
    sync();
}

static void use(struct view *v)
{
    current = v;
    msr(ttbr0_el1, (uint64_t)v->root | v->asid << 48);
    isb();
}

static void exchange_asids(struct view *a, struct view *b)
{
    uint64_t asid = a->asid;

    a->asid = b->asid;
    b->asid = asid;
    use(current);
    TLBI(aside1is, a->asid << 48);
    TLBI(aside1is, b->asid << 48);
    sync();
}

static void set_pstate(bool new_pan, bool new_uao)
{
    pan = new_pan;
    uao = new_uao;
    msr(s3_0_c4_c2_3, (uint64_t)pan << 22);
    msr(s3_0_c4_c2_4, (uint64_t)uao << 23);
}

/* --- accesses --- */
struct access {
    enum kind kind;
    bool el0, own; /* own: by the program's code */
    uint64_t pc, va, value;
};

struct outcome {
    uint64_t esr, far;
    uint64_t pa, next; /* of the first byte, of the next page's first where it crosses into that */
};

/* The page used last: what is changed has been used before, and is used again. */
static uint64_t recent;

static uint64_t random_va(void)
{
    unsigned k = below(10);

    if (below(2)) {
        return recent;
    }
    recent = k < 8 ? region[below(4)] + 4096ul * below(REGION_PAGES)
                   : block[k & 1] + 4096ul * (below(2) ? 0 : below(512));
    return recent;
}

/* Data lies before the code and after it; loads may cross into the next page. */
static uint64_t random_offset(enum kind kind)
{
    if (kind != WRITE && kind != WRITE_UNPRIV && !below(6)) {
        return 0xff9 + below(7);
    }
    return below(2) ? 8 * below(CODE / 8) : DATA + 8 * below(30) + below(8);
}

static struct access random_access(void)
{
    bool el0 = !below(3);
    enum kind kind = below(el0 ? READ_UNPRIV : KINDS);
    struct access a = {.kind = kind, .el0 = el0, .own = !el0 && kind != FETCH && !below(3)};

    a.pc = random_va() + code_offset(kind, el0);
    a.va = random_va() + random_offset(kind);
    a.value = el0 ? a.va : xorshift64(&seed); /* EL0's code has but X0 */
    return a;
}

static struct outcome abort_of(const struct access *a, unsigned status, bool fetch, uint64_t far)
{
    uint64_t ec = (fetch ? 0x20u : 0x24u) + !a->el0;
    bool write = !fetch && (a->kind == WRITE || a->kind == WRITE_UNPRIV);

    return (struct outcome){ec << 26 | BIT(25) | (write ? BIT(6) : 0) | status, far, 0, 0};
}

static struct outcome expect(const struct access *a)
{
    struct outcome o = {0};
    uint64_t end = (a->va + 7) & ~0xffful;
    unsigned fault = a->own ? 0 : translate(a->pc, FETCH, a->el0, &o.pa);

    if (fault) {
        return abort_of(a, fault, true, a->pc);
    }
    if (a->kind == FETCH) {
        return o;
    }
    fault = translate(a->va, a->kind, a->el0, &o.pa);
    if (fault) {
        return abort_of(a, fault, false, a->va);
    }
    fault = end > a->va ? translate(end, a->kind, a->el0, &o.next) : 0;
    return fault ? abort_of(a, fault, false, end) : o;
}

static uint64_t perform(const struct access *a)
{
    static const probe_fn own[KINDS] = {[READ] = probe_read64,
                                        [WRITE] = probe_write64,
                                        [READ_UNPRIV] = probe_unpriv_read,
                                        [WRITE_UNPRIV] = probe_unpriv_write};
    uint64_t value;

    exc_clear();
    if (a->own) {
        return own[a->kind](a->va, a->value);
    }
    if (!a->el0) {
        return call_at(a->pc, a->va, a->value);
    }
    value = guest_el0(a->pc, EL0_STACK, a->va, 0);
    set_pstate(pan, uao); /* EL0 has neither */
    return value;
}

static uint64_t data_at(const struct outcome *o)
{
    unsigned first = o->next ? 4096 - (o->pa & 4095) : 8;
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t pa = i < first ? o->pa + i : o->next + i - first;

        value |= *(volatile uint8_t *)pa * BIT(8 * i);
    }
    return value;
}

static bool is_right(const struct access *a, const struct outcome *o, uint64_t got)
{
    if (o->esr || exc.count) {
        return exc.esr == o->esr && exc.far == o->far;
    }
    switch (a->kind) {
    case FETCH: return got == page_number(o->pa);
    case READ:
    case READ_UNPRIV: return got == data_at(o);
    default: return data_at(o) == a->value;
    }
}

static bool access(void)
{
    struct access a = random_access();
    struct outcome o = expect(&a);
    uint64_t code;

    if (!a.own && !translate(a.pc, FETCH, a.el0, &code) && page_number(code) == PAGES) {
        return true; /* there is no code in blocks */
    }
    uint64_t got = perform(&a);
    if (is_right(&a, &o, got)) {
        return true;
    }
    say("kind %lu el0 %lu own %lu pc %lx va %lx: ", (uint64_t)a.kind, (uint64_t)a.el0,
        (uint64_t)a.own, a.pc, a.va);
    say("%lx esr %lx far %lx, not esr %lx far %lx\n", got, exc.esr, exc.far, o.esr, o.far);
    return false;
}

static void change(void)
{
    uint64_t va = random_va();
    struct view *v = below(2) ? current : &view[below(VIEWS)];
    bool high = va >> 63;

    if ((va & ~0x1ffffful) == block[high]) {
        change_block(v, high);
    } else {
        change_page(va, v);
    }
}

static bool operate(void)
{
    switch (below(20)) {
    case 0:
    case 1:
    case 2: change(); return true;
    case 3: use(&view[below(VIEWS)]); return true;
    case 4: set_pstate(below(2), below(2)); return true;
    case 5:
        if (!below(4)) {
            exchange_asids(&view[below(VIEWS)], &view[below(VIEWS)]);
        }
        return true;
    default: return access();
    }
}

int main(void)
{
    unsigned bad = 0;

    mmu_on();
    for (unsigned i = 0; i < PAGES; i++) {
        page[i] = (uint64_t)page_new();
        fill(i);
    }
    for (unsigned i = 0; i < VIEWS; i++) {
        view[i] = (struct view){table_new(), 7 + 300 * i};
        view[i].root[0] = low_root[0]; /* devices and the program */
    }
    use(&view[0]);
    for (unsigned i = 0; i < OPERATIONS && bad < 10; i++) {
        bad += !operate();
    }
    set_pstate(false, false);
    check(!bad, "accesses as by the walk");
    return 0;
}
