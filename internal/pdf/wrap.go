package pdf

import "unicode/utf8"

// Wrap appends to dst the lines of s that are no wider than width. It breaks at
// blanks (not at non-breaking ones), after a hyphen, a dash or a stroke, and cuts
// a word that fills a line by itself. Empty text is one empty line.
func (f *Fonts) Wrap(dst []string, face Face, size, width Unit, s string) []string {
	t := f.face[face]
	limit := int(width) * t.upem / int(size)
	var (
		start, length     int // the line being filled, in bytes and font units
		end, next, behind int // the last place to break: line ends, next starts, length up to there
	)
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		advance := 0
		if r < basicPlane {
			advance = int(t.advance[r])
		}
		length += advance
		if r == ' ' {
			end, next, behind = i, i+1, length
		}
		for length > limit && i > start && r != ' ' {
			if end <= start {
				end, next, behind = i, i, length-advance
			}
			dst = append(dst, s[start:end])
			start, length = next, length-behind
			end, next, behind = start, start, 0
		}
		i += n
		if breaksAfter(r) {
			end, next, behind = i, i, length
		}
	}
	return append(dst, s[start:])
}

func breaksAfter(r rune) bool { return r == '-' || r == '/' || r == '–' || r == '—' }
