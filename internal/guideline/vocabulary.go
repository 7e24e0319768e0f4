package guideline

// Small closed word lists that the rules read narratives with. They are English,
// like the shipped lexicon; a firm that writes in another language switches the
// text rules off in its policy.

// talkWords begin or make a conversation.
var talkWords = set(`call calls called calling telephone telephoned phone teleconference teleconferences videoconference conference conferences
	confer conferred conferring meet met meeting meetings email emails emailed emailing correspond corresponded correspondence
	discuss discussed discussing discussion discussions speak spoke speaking communicate communicated communication communications
	message messages tc`)

// lookPast do not say what was done; the word after them may.
var lookPast = set(`the a an to continue continued continuing begin began beginning further additional also then finish finished initial preliminary
	detailed brief lengthy several multiple various numerous two three four internal telephone phone video zoom follow-up
	conference exchange exchanged exchanging participate participated in attend-to office intra-office legal extended short`)

// topicWords announce a subject.
var topicWords = set(`re regarding about concerning on`)

// partyWords are roles outside the team that count as a named counterparty.
var partyWords = set(`counsel plaintiff plaintiffs defendant defendants witness witnesses expert experts court clerk judge magistrate reporter chambers
	insurer insurers adjuster carrier trustee debtor creditor creditors lender lenders borrower buyer buyers seller sellers purchaser landlord tenant
	agency agent agents examiner mediator arbitrator tribunal vendor vendors accountant accountants auditor auditors director directors officer officers
	ceo cfo coo gc board committee secretary shareholder shareholders investor investors bank broker regulator commissioner registrar notary
	employee employees employer manager supervisor consultant consultants contractor custodian custodians guardian executor beneficiary
	claimant claimants respondent appellant petitioner prosecutor police opponent adversary government authority`)

// teamWords are roles that say with whom, and nothing about what.
var teamWords = set(`client clients associate associates partner partners counsel co-counsel team teams attorney attorneys lawyer lawyers
	colleague colleagues paralegal paralegals staff group opposing accounting bookkeeping`)

// plainWords stand in narratives that say nothing.
var plainWords = set(`case cases matter matters file files status issue issues item items document documents material materials thing things work worked working
	task tasks project litigation update updates updated question questions problem problems next steps step strategy analysis letter letters
	information info development developments outstanding open pending current general misc miscellaneous relevant ongoing needed necessary
	day days week weekly daily today attention review reviewed reviewing draft drafted drafting revise revised revising prepare prepared preparing
	preparation attend attended attending analyze analyzed analyse analysed research researched handle handled address assist assisted respond
	responded response consider considered coordinate coordinated perform performed conduct conducted complete completed finalize finalized
	participate send sent receive received follow followed up etc trial hours time legal`)

var stopWords = set(`of to for with and or the a an on in at by from re regarding about concerning into per via as same their its his her this that these
	those all any some other more is are was were be been being it they them our we i not no w s t`)

var calendarWords = set(`january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
	monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun am pm`)
