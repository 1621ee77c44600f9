//! Written by the tests beside this: `UPDATE_LOOKALIKES=1 cargo test -p pointsman-engine lookalike`.

/// Runs of characters that are taken for letters one after the other: the first, its letter, how many.
#[rustfmt::skip]
pub(super) const LETTERS: [(u32, u8, u8); 151] = [
    (0xAA, b'a', 1), (0xBA, b'o', 1), (0x130, b'i', 1), (0x131, b'i', 1), (0x17F, b's', 1), (0x2B0, b'h', 1),
    (0x2B2, b'j', 1), (0x2B3, b'r', 1), (0x2B7, b'w', 1), (0x2B8, b'y', 1), (0x2E1, b'l', 1), (0x2E2, b's', 1),
    (0x2E3, b'x', 1), (0x1D2C, b'a', 1), (0x1D2E, b'b', 1), (0x1D30, b'd', 2), (0x1D33, b'g', 8), (0x1D3C, b'o', 1),
    (0x1D3E, b'p', 1), (0x1D3F, b'r', 1), (0x1D40, b't', 2), (0x1D42, b'w', 1), (0x1D43, b'a', 1), (0x1D47, b'b', 1),
    (0x1D48, b'd', 2), (0x1D4D, b'g', 1), (0x1D4F, b'k', 1), (0x1D50, b'm', 1), (0x1D52, b'o', 1), (0x1D56, b'p', 1),
    (0x1D57, b't', 2), (0x1D5B, b'v', 1), (0x1D62, b'i', 1), (0x1D63, b'r', 1), (0x1D64, b'u', 2), (0x1D9C, b'c', 1),
    (0x1DA0, b'f', 1), (0x1DBB, b'z', 1), (0x2071, b'i', 1), (0x207F, b'n', 1), (0x2090, b'a', 1), (0x2091, b'e', 1),
    (0x2092, b'o', 1), (0x2093, b'x', 1), (0x2095, b'h', 1), (0x2096, b'k', 4), (0x209A, b'p', 1), (0x209B, b's', 2),
    (0x209D, b'w', 1), (0x209E, b'y', 2), (0x2102, b'c', 1), (0x210A, b'g', 2), (0x210C, b'h', 1), (0x210D, b'h', 1),
    (0x210E, b'h', 1), (0x2110, b'i', 1), (0x2111, b'i', 1), (0x2112, b'l', 1), (0x2113, b'l', 1), (0x2115, b'n', 1),
    (0x2119, b'p', 3), (0x211C, b'r', 1), (0x211D, b'r', 1), (0x2124, b'z', 1), (0x2128, b'z', 1), (0x212A, b'k', 1),
    (0x212C, b'b', 2), (0x212F, b'e', 1), (0x2130, b'e', 2), (0x2133, b'm', 1), (0x2134, b'o', 1), (0x2139, b'i', 1),
    (0x2145, b'd', 1), (0x2146, b'd', 2), (0x2148, b'i', 2), (0x2160, b'i', 1), (0x2164, b'v', 1), (0x2169, b'x', 1),
    (0x216C, b'l', 1), (0x216D, b'c', 2), (0x216F, b'm', 1), (0x2170, b'i', 1), (0x2174, b'v', 1), (0x2179, b'x', 1),
    (0x217C, b'l', 1), (0x217D, b'c', 2), (0x217F, b'm', 1), (0x24B6, b'a', 26), (0x24D0, b'a', 26), (0x2C7C, b'j', 1),
    (0x2C7D, b'v', 1), (0xA7F1, b's', 1), (0xA7F2, b'c', 1), (0xA7F3, b'f', 1), (0xA7F4, b'q', 1), (0xFE33, b'_', 1),
    (0xFE34, b'_', 1), (0xFE4D, b'_', 1), (0xFE4E, b'_', 1), (0xFE4F, b'_', 1), (0xFF21, b'a', 26), (0xFF3F, b'_', 1),
    (0xFF41, b'a', 26), (0x107A5, b'q', 1), (0x1CCD6, b'a', 26), (0x1D400, b'a', 26), (0x1D41A, b'a', 26), (0x1D434, b'a', 26),
    (0x1D44E, b'a', 7), (0x1D456, b'i', 18), (0x1D468, b'a', 26), (0x1D482, b'a', 26), (0x1D49C, b'a', 1), (0x1D49E, b'c', 2),
    (0x1D4A2, b'g', 1), (0x1D4A5, b'j', 2), (0x1D4A9, b'n', 4), (0x1D4AE, b's', 8), (0x1D4B6, b'a', 4), (0x1D4BB, b'f', 1),
    (0x1D4BD, b'h', 7), (0x1D4C5, b'p', 11), (0x1D4D0, b'a', 26), (0x1D4EA, b'a', 26), (0x1D504, b'a', 2), (0x1D507, b'd', 4),
    (0x1D50D, b'j', 8), (0x1D516, b's', 7), (0x1D51E, b'a', 26), (0x1D538, b'a', 2), (0x1D53B, b'd', 4), (0x1D540, b'i', 5),
    (0x1D546, b'o', 1), (0x1D54A, b's', 7), (0x1D552, b'a', 26), (0x1D56C, b'a', 26), (0x1D586, b'a', 26), (0x1D5A0, b'a', 26),
    (0x1D5BA, b'a', 26), (0x1D5D4, b'a', 26), (0x1D5EE, b'a', 26), (0x1D608, b'a', 26), (0x1D622, b'a', 26), (0x1D63C, b'a', 26),
    (0x1D656, b'a', 26), (0x1D670, b'a', 26), (0x1D68A, b'a', 26), (0x1D6A4, b'i', 1), (0x1F12B, b'c', 1), (0x1F12C, b'r', 1),
    (0x1F130, b'a', 26),
];

/// Characters that are taken for several letters, filled up with spaces.
#[rustfmt::skip]
pub(super) const LIGATURES: [(u32, [u8; 4]); 140] = [
    (0xDF, *b"ss  "), (0x132, *b"ij  "), (0x133, *b"ij  "), (0x1C7, *b"lj  "), (0x1C8, *b"lj  "), (0x1C9, *b"lj  "),
    (0x1CA, *b"nj  "), (0x1CB, *b"nj  "), (0x1CC, *b"nj  "), (0x1F1, *b"dz  "), (0x1F2, *b"dz  "), (0x1F3, *b"dz  "),
    (0x1E9E, *b"ss  "), (0x20A8, *b"rs  "), (0x2116, *b"no  "), (0x2120, *b"sm  "), (0x2121, *b"tel "), (0x2122, *b"tm  "),
    (0x213B, *b"fax "), (0x2161, *b"ii  "), (0x2162, *b"iii "), (0x2163, *b"iv  "), (0x2165, *b"vi  "), (0x2166, *b"vii "),
    (0x2167, *b"viii"), (0x2168, *b"ix  "), (0x216A, *b"xi  "), (0x216B, *b"xii "), (0x2171, *b"ii  "), (0x2172, *b"iii "),
    (0x2173, *b"iv  "), (0x2175, *b"vi  "), (0x2176, *b"vii "), (0x2177, *b"viii"), (0x2178, *b"ix  "), (0x217A, *b"xi  "),
    (0x217B, *b"xii "), (0x3250, *b"pte "), (0x32CC, *b"hg  "), (0x32CD, *b"erg "), (0x32CE, *b"ev  "), (0x32CF, *b"ltd "),
    (0x3371, *b"hpa "), (0x3372, *b"da  "), (0x3373, *b"au  "), (0x3374, *b"bar "), (0x3375, *b"ov  "), (0x3376, *b"pc  "),
    (0x3377, *b"dm  "), (0x337A, *b"iu  "), (0x3380, *b"pa  "), (0x3381, *b"na  "), (0x3383, *b"ma  "), (0x3384, *b"ka  "),
    (0x3385, *b"kb  "), (0x3386, *b"mb  "), (0x3387, *b"gb  "), (0x3388, *b"cal "), (0x3389, *b"kcal"), (0x338A, *b"pf  "),
    (0x338B, *b"nf  "), (0x338E, *b"mg  "), (0x338F, *b"kg  "), (0x3390, *b"hz  "), (0x3391, *b"khz "), (0x3392, *b"mhz "),
    (0x3393, *b"ghz "), (0x3394, *b"thz "), (0x3396, *b"ml  "), (0x3397, *b"dl  "), (0x3398, *b"kl  "), (0x3399, *b"fm  "),
    (0x339A, *b"nm  "), (0x339C, *b"mm  "), (0x339D, *b"cm  "), (0x339E, *b"km  "), (0x33A9, *b"pa  "), (0x33AA, *b"kpa "),
    (0x33AB, *b"mpa "), (0x33AC, *b"gpa "), (0x33AD, *b"rad "), (0x33B0, *b"ps  "), (0x33B1, *b"ns  "), (0x33B3, *b"ms  "),
    (0x33B4, *b"pv  "), (0x33B5, *b"nv  "), (0x33B7, *b"mv  "), (0x33B8, *b"kv  "), (0x33B9, *b"mv  "), (0x33BA, *b"pw  "),
    (0x33BB, *b"nw  "), (0x33BD, *b"mw  "), (0x33BE, *b"kw  "), (0x33BF, *b"mw  "), (0x33C3, *b"bq  "), (0x33C4, *b"cc  "),
    (0x33C5, *b"cd  "), (0x33C8, *b"db  "), (0x33C9, *b"gy  "), (0x33CA, *b"ha  "), (0x33CB, *b"hp  "), (0x33CC, *b"in  "),
    (0x33CD, *b"kk  "), (0x33CE, *b"km  "), (0x33CF, *b"kt  "), (0x33D0, *b"lm  "), (0x33D1, *b"ln  "), (0x33D2, *b"log "),
    (0x33D3, *b"lx  "), (0x33D4, *b"mb  "), (0x33D5, *b"mil "), (0x33D6, *b"mol "), (0x33D7, *b"ph  "), (0x33D9, *b"ppm "),
    (0x33DA, *b"pr  "), (0x33DB, *b"sr  "), (0x33DC, *b"sv  "), (0x33DD, *b"wb  "), (0x33FF, *b"gal "), (0xFB00, *b"ff  "),
    (0xFB01, *b"fi  "), (0xFB02, *b"fl  "), (0xFB03, *b"ffi "), (0xFB04, *b"ffl "), (0xFB05, *b"st  "), (0xFB06, *b"st  "),
    (0x1D6A6, *b"ss  "), (0x1DF95, *b"ss  "), (0x1F12D, *b"cd  "), (0x1F12E, *b"wz  "), (0x1F14A, *b"hv  "), (0x1F14B, *b"mv  "),
    (0x1F14C, *b"sd  "), (0x1F14D, *b"ss  "), (0x1F14E, *b"ppv "), (0x1F14F, *b"wc  "), (0x1F16A, *b"mc  "), (0x1F16B, *b"md  "),
    (0x1F16C, *b"mr  "), (0x1F190, *b"dj  "),
];

/// What Unicode calls `Default_Ignorable_Code_Point`, and interlinear annotations: from, to.
#[rustfmt::skip]
pub(super) const UNSEEN: [(u32, u32); 17] = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
];
