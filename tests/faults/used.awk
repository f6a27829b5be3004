# A table as nft lists it, without sets that no rule uses: what could not be proven takes none away; and without
# those whose name matches `but`.
/^\tset / { name = $2 }
name != "" { sets[++count] = $0; of[count] = name }
name == "" { rules = rules $0 "\n" }
/^\t}/ { name = "" }
END {
	for (i = 1; i <= count; i++)
		if (rules ~ "@" of[i] "[^a-z0-9_]" && (but == "" || of[i] !~ but))
			print sets[i]
	printf "%s", rules
}
