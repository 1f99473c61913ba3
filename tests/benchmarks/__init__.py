"""The figures: Troupe beside a bare bot, on one machine, in one run (`make bench`)."""
