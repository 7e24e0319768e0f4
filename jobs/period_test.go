package jobs

import (
	"testing"
	"time"
)

// Every civil day of a firm's zone is one period, whatever its clocks do.
func TestF11DailyNeitherSkipsNorRepeatsADay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana", "Asia/Kolkata"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []daily{{0, 0}, {2, 30}, {23, 45}} {
			seen := ""
			days := 0
			// Two years with a leap day and four changes of the clocks, in steps of a quarter hour.
			for now := time.Date(2027, 6, 1, 12, 0, 0, 0, time.UTC); now.Year() < 2029 || now.Month() < 6; now = now.Add(15 * time.Minute) {
				p := d.at(now, zone)
				if p.Start.After(now) || now.Sub(p.Start) > 26*time.Hour {
					t.Fatalf("%s %v at %s: the period began at %s", name, d, now, p.Start)
				}
				if p.Key == seen {
					continue
				}
				if seen != "" {
					if before, _ := time.Parse(time.DateOnly, seen); p.Key != before.AddDate(0, 0, 1).Format(time.DateOnly) {
						t.Fatalf("%s %v: %s follows %s", name, d, p.Key, seen)
					}
				}
				seen, days = p.Key, days+1
			}
			if days < 730 || days > 732 {
				t.Errorf("%s %v: %d days", name, d, days)
			}
		}
	}
}

func TestEveryIsTheSameForEveryFirm(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	p := Every(15*time.Minute).at(time.Date(2026, 3, 2, 20, 44, 59, 0, zone), zone)
	if p.Key != "2026-03-02T15:00:00Z" || p.Day != "2026-03-02" {
		t.Errorf("period = %+v", p)
	}
}
