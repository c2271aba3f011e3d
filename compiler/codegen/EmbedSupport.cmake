# Makes assembly that can stand in any object: cmake -DINPUT=support.s -DOUTPUT=file -DNAME=name -P EmbedSupport.cmake
# Its local labels get a prefix of their own, as those of compiled functions count from the same number; what belongs to a
# file as a whole goes.
file(READ ${INPUT} text)
string(REGEX REPLACE "\\.L" ".Lattn_support_${NAME}." text "${text}")
string(REGEX REPLACE "\t\\.(file|ident|addrsig|addrsig_sym|section\t\"\\.note\\.GNU-stack\")[^\n]*\n" "" text "${text}")
file(WRITE ${OUTPUT} "${text}")
