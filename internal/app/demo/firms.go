package demo

// Larkspur is the bureau.
func Larkspur() Bureau {
	return Bureau{
		Name: "Larkspur Billing Services",
		People: []Person{
			{Name: "Daniel Osei", Email: "daniel.osei@larkspur.example", Role: "bureau_admin"},
			{Name: "Lotte Brandsma", Email: "lotte.brandsma@larkspur.example", Role: "team_lead"},
			{Name: "Ines Carvalho", Email: "ines.carvalho@larkspur.example", Role: "specialist"},
			{Name: "Maya Lindgren", Email: "maya.lindgren@larkspur.example", Role: "specialist"},
			{Name: "Jun Okabe", Email: "jun.okabe@larkspur.example", Role: "specialist"},
			{Name: "Noor Haddad", Email: "noor.haddad@larkspur.example", Role: "quality_auditor"},
		},
	}
}

// Firms are the three law firms: dollars, sterling with VAT, euro with VAT.
func Firms() []Firm { return []Firm{hollisVane(), ashdownPryce(), dunmoreAchterberg()} }

func hollisVane() Firm {
	return Firm{
		Code: "HVL", Name: "Hollis & Vane LLP", TZ: "America/New_York", Country: "US", Currency: "USD",
		Address: []string{"410 Juniper Street", "Albany, NY 12207"}, TaxID: "14-5550182",
		BankName: "Mohawk Valley Trust", BankAccount: "4410029917", BankCode: "021305386",
		NumberPattern: "HV-{YY}{seq:4}", OpensAt: "08:30", ClosesAt: "17:30",
		Holidays: []Holiday{{"2026-09-07", "Labor Day"}, {"2026-10-12", "Columbus Day"}, {"2026-11-11", "Veterans Day"}, {"2026-11-26", "Thanksgiving"}, {"2026-12-25", "Christmas Day"}},
		People: []Person{
			{Name: "Rosalind Vane", Email: "rosalind.vane@hollisvane.example", Role: "partner", Timekeeper: "RV"},
			{Name: "Wen Adeyemi", Email: "wen.adeyemi@hollisvane.example", Role: "firm_admin"},
		},
		Timekeepers: []Timekeeper{
			{"RV", "Rosalind Vane", "PARTNR", dec("685")}, {"TB", "Tara Brandt", "ASSOC", dec("415")},
			{"MC", "Mia Castillo", "ASSOC", dec("365.50")}, {"TR", "Tomas Reuter", "PARALG", dec("195")},
		},
		Clients: []Client{
			{"00417", "Pelham Freight Lines", Payor{"Pelham Freight Lines, Inc.", "US", "22-4471093", []string{"1 Drayage Way", "Elizabeth, NJ 07201"}, 30, "mail_link", "Ruth Okonjo", "payables@pelhamfreight.example"}, []Matter{
				{"00417-0032", "Pelham v. Cobalt Rail: breach of carriage agreement", "litigation", "Litigation", 0, "2026-02-09", []string{"demurrage charges at the Selkirk yard", "the March 2025 rate schedule", "delay damages under section 11", "the tolling agreement"}, []string{"K. Byrne (opposing counsel)", "Dr. Anneke Lund", "R. Teles of Cobalt Rail", "the mediator"}, nil},
				{"00417-0035", "Terminal lease renewal, Port Newark", "project", "Real Estate", 0, "2026-05-18", []string{"the holdover rent clause", "the environmental indemnity", "the dredging schedule", "assignment rights"}, []string{"landlord's counsel P. Marsh", "the port authority", "title officer D. Crane"}, nil},
			}},
			{"00520", "Orrin Home Appliances", Payor{"Orrin Home Appliances Corp.", "US", "36-7719204", []string{"88 Foundry Row", "Dayton, OH 45402"}, 45, "mail_attachment", "Saul Whitcomb", "legalbills@orrin.example"}, []Matter{
				{"00520-0007", "Orrin product liability: dryer ignition claims", "litigation", "Litigation", 1, "2025-11-03", []string{"lint trap design history", "the 2024 service bulletins", "lot traceability records", "comparative negligence"}, []string{"plaintiff's counsel M. Duarte", "fire origin expert H. Petrov", "witness L. Sandoval"}, []string{"Delgado Tenants Association"}},
				{"00520-0011", "Distributor agreements, Midwest", "counseling", "Commercial", 0, "2026-03-02", []string{"termination on notice", "minimum purchase commitments", "the antitrust position on resale pricing"}, []string{"general counsel S. Whitcomb", "the regional sales director"}, nil},
			}},
			{"00588", "Aster Clinics Group", Payor{"Mercer Mutual Insurance", "US", "41-0087715", []string{"500 Actuary Plaza", "Hartford, CT 06103"}, 30, "portal", "Claims Billing Desk", "billing@mercermutual.example"}, []Matter{
				{"00588-0002", "Malpractice defense, Doe v. Aster Clinics", "litigation", "Litigation", 2, "2026-01-20", []string{"standard of care on triage", "the charting audit", "causation of the delayed referral"}, []string{"plaintiff's counsel J. Ortiz", "Dr. Osei-Mensah", "nurse manager B. Hale"}, nil},
				{"00588-0004", "Payer network acquisition", "project", "Corporate", 1, "2026-06-08", []string{"the provider roster diligence", "change-of-control consents", "the working capital adjustment"}, []string{"seller's counsel V. Lindh", "the tax adviser", "escrow agent T. Moy"}, nil},
			}},
			{"00601", "Tallis Hotels", Payor{"Tallis Hotels LLC", "US", "59-3340081", []string{"12 Marina Parade", "Savannah, GA 31401"}, 30, "mail_link", "Priya Raman", "finance@tallishotels.example"}, []Matter{
				{"00601-0001", "Employment policies and wage review", "counseling", "Employment", 0, "2026-04-13", []string{"tip pooling rules", "overtime classification of night auditors", "the handbook revision"}, []string{"HR director P. Raman", "the payroll vendor"}, nil},
				{"00601-0003", "Construction defect, Harbor House", "litigation", "Litigation", 0, "2026-03-23", []string{"the curtain wall leak reports", "retainage", "the architect's certificate"}, []string{"contractor's counsel E. Boyle", "engineer S. Iqbal", "the surety"}, []string{"Boyle Structural Contractors, Inc."}},
			}},
		},
	}
}

func ashdownPryce() Firm {
	return Firm{
		Code: "ASH", Name: "Ashdown Pryce LLP", TZ: "Europe/London", Country: "GB", Currency: "GBP", TaxRate: 200_000,
		Address: []string{"7 Saddlers Court", "London EC2V 6BR"}, TaxID: "GB412778019",
		BankName: "Clerkenwell & County", BankAccount: "GB33BUKB20201555555555", BankCode: "BUKBGB22",
		NumberPattern: "{YYYY}/{seq:5}", OpensAt: "09:00", ClosesAt: "17:30",
		Holidays: []Holiday{{"2026-08-31", "Summer bank holiday"}, {"2026-12-25", "Christmas Day"}, {"2026-12-28", "Boxing Day"}},
		People: []Person{
			{Name: "Harriet Pryce", Email: "harriet.pryce@ashdownpryce.example", Role: "partner", Timekeeper: "HP"},
			{Name: "Sana Iqbal", Email: "sana.iqbal@ashdownpryce.example", Role: "firm_admin"},
		},
		Timekeepers: []Timekeeper{
			{"HP", "Harriet Pryce", "PARTNR", dec("540")}, {"OM", "Owen Merrick", "ASSOC", dec("325")},
			{"FD", "Freya Dale", "ASSOC", dec("287.50")}, {"CW", "Cal Whitlow", "PARALG", dec("145")},
		},
		Clients: []Client{
			{"1104", "Harbourline Trustees", Payor{"Harbourline Trustees Ltd", "GB", "GB902117345", []string{"Quay House", "Bristol BS1 5UH"}, 30, "mail_link", "Gwen Parfitt", "accounts@harbourline.example"}, []Matter{
				{"1104/12", "Scheme deed amendment", "counseling", "Pensions", 0, "2026-02-16", []string{"the rule 14 power of amendment", "member consultation", "the section 67 certificate"}, []string{"scheme actuary L. Boone", "trustee chair G. Parfitt"}, nil},
				{"1104/15", "Dispute with former administrator", "litigation", "Disputes", 1, "2026-04-20", []string{"reconciliation failures in 2023", "limitation", "the contribution claim"}, []string{"defendant's solicitors Crane Holt", "forensic accountant M. Yeo"}, []string{"Brindle Pension Services Ltd"}},
			}},
			{"1130", "Northwold Grain", Payor{"Northwold Grain Cooperative Ltd", "GB", "GB718220461", []string{"Silo Road", "King's Lynn PE30 2HN"}, 14, "mail_attachment", "Ted Larwood", "office@northwold.example"}, []Matter{
				{"1130/03", "Storage licence and planning appeal", "project", "Planning", 0, "2026-05-11", []string{"the noise condition", "the highways objection", "the section 106 draft"}, []string{"planning officer R. Thake", "ecologist N. Byers"}, nil},
				{"1130/05", "Supply contract claims, 2025 harvest", "litigation", "Disputes", 0, "2026-03-09", []string{"moisture content readings", "the GAFTA clause", "mitigation by resale"}, []string{"buyer's solicitors Penrose Vale", "surveyor C. Amis"}, []string{"Fenmarket Feeds Ltd"}},
			}},
			{"1177", "Cobalt Rail Ltd", Payor{"Cobalt Rail Ltd", "GB", "GB655019382", []string{"1 Junction Street", "Derby DE1 2QS"}, 30, "mail_link", "Lewis Arkwright", "ap@cobaltrail.example"}, []Matter{
				{"1177/01", "Rolling stock finance lease", "project", "Finance", 1, "2026-06-15", []string{"the residual value guarantee", "conditions precedent", "the maintenance reserve"}, []string{"lender's counsel A. Stroud", "lessor's agent"}, nil},
				{"1177/04", "Employment tribunal, depot grievances", "litigation", "Employment", 2, "2026-05-26", []string{"the roster change consultation", "disclosure of shift logs", "the schedule of loss"}, []string{"claimant's adviser D. Quill", "witness F. Reid"}, nil},
			}},
			{"1190", "Pinnace Leasing", Payor{"Pinnace Leasing plc", "GB", "GB330914276", []string{"Dock Exchange", "Liverpool L3 4AF"}, 30, "mail_link", "Ama Boateng", "legal.payables@pinnace.example"}, []Matter{
				{"1190/02", "Consumer credit review", "counseling", "Regulatory", 0, "2026-03-30", []string{"the statement-of-account duty", "arrears notices", "the complaints backlog"}, []string{"compliance officer A. Boateng", "the ombudsman case handler"}, nil},
				{"1190/06", "Acquisition of a fleet portfolio", "project", "Corporate", 0, "2026-07-06", []string{"the novation agreements", "stamp duty on the transfer", "the warranty schedule"}, []string{"seller's solicitors Frome Tyrell", "the data room provider"}, nil},
			}},
		},
	}
}

func dunmoreAchterberg() Firm {
	return Firm{
		Code: "DUN", Name: "Dunmore Achterberg", TZ: "Europe/Amsterdam", Country: "NL", Currency: "EUR", TaxRate: 210_000,
		Address: []string{"Keizersgracht 402", "1016 GC Amsterdam"}, TaxID: "NL860114773B01",
		BankName: "Amstel Handelsbank", BankAccount: "NL91ABNA0417164300", BankCode: "ABNANL2A",
		NumberPattern: "DA{YYYY}-{seq:4}", OpensAt: "09:00", ClosesAt: "18:00",
		Holidays: []Holiday{{"2026-12-25", "First Christmas Day"}, {"2026-12-28", "Office closed"}},
		People: []Person{
			{Name: "Pieter Achterberg", Email: "pieter.achterberg@dunmore.example", Role: "partner", Timekeeper: "PA"},
			{Name: "Saskia Vos", Email: "saskia.vos@dunmore.example", Role: "firm_admin"},
		},
		Timekeepers: []Timekeeper{
			{"PA", "Pieter Achterberg", "PARTNR", dec("495")}, {"EK", "Eva Koster", "ASSOC", dec("310")},
			{"BJ", "Bram Jonker", "ASSOC", dec("262.50")}, {"LH", "Lieke Hof", "PARALG", dec("130")},
		},
		Clients: []Client{
			{"K201", "Ostrava Biologics", Payor{"Ostrava Biologics B.V.", "NL", "NL811240977B02", []string{"Leeuwenhoekweg 8", "2333 CZ Leiden"}, 30, "mail_link", "Tomas Hrdlicka", "invoices@ostravabio.example"}, []Matter{
				{"K201-1", "Licence dispute, vaccine adjuvant", "litigation", "Disputes", 2, "2026-01-26", []string{"the royalty base", "the field-of-use carve-out", "the penalty clause"}, []string{"counterparty's counsel J. Maes", "patent attorney W. Smit"}, []string{"Adjuvex Licensing N.V."}},
				{"K201-3", "Clinical trial agreements", "project", "Life Sciences", 0, "2026-05-04", []string{"the sponsor indemnity", "data transfer terms", "site budgets"}, []string{"hospital counsel R. Bos", "the ethics committee"}, nil},
			}},
			{"K215", "Mercer Dunes Resorts", Payor{"Mercer Dunes Resorts N.V.", "NL", "NL802993114B01", []string{"Zeereep 1", "2042 AB Zandvoort"}, 14, "mail_attachment", "Joost Prins", "administratie@mercerdunes.example"}, []Matter{
				{"K215-2", "Dune permit and nature compensation", "project", "Planning", 0, "2026-04-07", []string{"the nitrogen calculation", "the Natura 2000 assessment", "the participation report"}, []string{"the province", "ecologist M. Kuiper"}, nil},
				{"K215-4", "Leaseholder claims", "litigation", "Disputes", 0, "2026-06-02", []string{"the service charge arrears", "the access easement", "set-off"}, []string{"leaseholders' counsel T. Groen", "bailiff's office"}, []string{"Vereniging Leaseholders Zeereep"}},
			}},
			{"K233", "Castellan Moore", Payor{"Castellan Moore Holding B.V.", "NL", "NL823310054B01", []string{"Strawinskylaan 77", "1077 XX Amsterdam"}, 30, "mail_link", "Femke Dijk", "finance@castellanmoore.example"}, []Matter{
				{"K233-1", "Shareholder agreement, joint venture", "project", "Corporate", 1, "2026-03-16", []string{"the deadlock mechanism", "drag-along thresholds", "the business plan covenant"}, []string{"co-investor's counsel", "the notary"}, nil},
				{"K233-2", "Competition advice on supply pooling", "counseling", "Competition", 0, "2026-07-13", []string{"the information exchange protocol", "market definition", "the efficiencies case"}, []string{"economist P. Raes", "the authority's case team"}, nil},
			}},
			{"K240", "Tamarind Voss", Payor{"Tamarind Voss Trading B.V.", "NL", "NL858820013B01", []string{"Maasboulevard 100", "3063 NS Rotterdam"}, 30, "mail_link", "Arjun Nair", "ap@tamarindvoss.example"}, []Matter{
				{"K240-1", "Customs classification appeal", "litigation", "Tax", 0, "2026-02-23", []string{"the tariff heading of composite goods", "binding tariff information", "the interest claim"}, []string{"the customs inspector", "laboratory expert D. Lam"}, nil},
				{"K240-2", "Warehouse workforce restructuring", "counseling", "Employment", 1, "2026-08-03", []string{"the works council advice", "the social plan", "selection criteria"}, []string{"works council secretary", "union representative H. Postma"}, nil},
			}},
		},
	}
}
