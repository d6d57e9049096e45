PRAGMA user_version = 2;

CREATE TABLE "runs" (
   "id" INTEGER PRIMARY KEY NOT NULL,
   "started_at" TEXT NOT NULL,
   "finished_at" TEXT NOT NULL,
   "trigger" TEXT NOT NULL,
   "title" TEXT NOT NULL,
   "config_hash" TEXT NOT NULL,
   "lexicon_hash" TEXT NOT NULL,
   "taxonomy_hash" TEXT NOT NULL,
   "model_hash" TEXT NOT NULL,
   "code_version" TEXT NOT NULL,
   "segmenter" TEXT NOT NULL,
   "rows_read" INTEGER NOT NULL,
   "kept" INTEGER NOT NULL,
   "quarantined" INTEGER NOT NULL,
   "withheld" INTEGER NOT NULL,
   "masked" INTEGER NOT NULL,
   "duplicates" INTEGER NOT NULL,
   "no_content" INTEGER NOT NULL,
   "spam" INTEGER NOT NULL,
   "copies" INTEGER NOT NULL,
   "documents" INTEGER NOT NULL,
   "dissatisfied" INTEGER NOT NULL,
   "silent" INTEGER NOT NULL,
   "complaints" INTEGER NOT NULL,
   "leaving" INTEGER NOT NULL
) STRICT;

CREATE TABLE "files" (
   "id" INTEGER PRIMARY KEY NOT NULL,
   "source" TEXT NOT NULL,
   "path" TEXT NOT NULL,
   "sha256" TEXT NOT NULL,
   "rows_read" INTEGER NOT NULL,
   "kept" INTEGER NOT NULL,
   "quarantined" INTEGER NOT NULL,
   "withheld" INTEGER NOT NULL,
   "duplicates" INTEGER NOT NULL,
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id")
) STRICT;

CREATE UNIQUE INDEX "idx_files_source_path"
    ON "files" ("source", "path");

CREATE INDEX "idx_files_run_id"
    ON "files" ("run_id");

CREATE TABLE "documents" (
   "id" TEXT PRIMARY KEY NOT NULL,
   "number" INTEGER NOT NULL,
   "source" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "channel" TEXT NOT NULL,
   "external_id" TEXT NOT NULL,
   "question" TEXT NOT NULL,
   "text" TEXT NOT NULL,
   "simplified" TEXT,
   "occurred_at" TEXT,
   "period_day" TEXT,
   "customer_key" TEXT,
   "no_content" INTEGER NOT NULL,
   "flag" TEXT,
   "asr_dropped" INTEGER NOT NULL,
   "copy_of" TEXT,
   "counted" INTEGER NOT NULL,
   "file_id" INTEGER NOT NULL REFERENCES "files"("id"),
   "row" INTEGER NOT NULL,
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id")
) STRICT;

CREATE UNIQUE INDEX "idx_documents_number"
    ON "documents" ("number");

CREATE INDEX "idx_documents_file_id"
    ON "documents" ("file_id");

CREATE INDEX "idx_documents_customer_key"
    ON "documents" ("customer_key");

CREATE TABLE "document_attributes" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "dimension" TEXT NOT NULL,
   "member" TEXT NOT NULL,
   PRIMARY KEY ("document_id", "dimension")
) STRICT;

CREATE INDEX "idx_document_attributes_dimension_member"
    ON "document_attributes" ("dimension", "member");

CREATE TABLE "document_scores" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "name" TEXT NOT NULL,
   "value" REAL NOT NULL,
   PRIMARY KEY ("document_id", "name")
) STRICT;

CREATE TABLE "document_masks" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "kind" TEXT NOT NULL,
   "n" INTEGER NOT NULL,
   PRIMARY KEY ("document_id", "kind")
) STRICT;

CREATE TABLE "turns" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "turn_no" INTEGER NOT NULL,
   "role" TEXT NOT NULL,
   "role_source" TEXT NOT NULL,
   "role_confidence" REAL NOT NULL,
   "start" INTEGER NOT NULL,
   "end" INTEGER NOT NULL,
   "start_ms" INTEGER,
   "end_ms" INTEGER,
   "asr" INTEGER NOT NULL,
   PRIMARY KEY ("document_id", "turn_no")
) STRICT;

CREATE TABLE "readings" (
   "document_id" TEXT PRIMARY KEY NOT NULL REFERENCES "documents"("id"),
   "sentiment" TEXT NOT NULL,
   "sentiment_score" REAL NOT NULL,
   "dissatisfied" INTEGER NOT NULL,
   "dissatisfaction_score" REAL NOT NULL,
   "complaint" INTEGER NOT NULL,
   "complaint_score" REAL NOT NULL,
   "silent" INTEGER NOT NULL,
   "leaving" INTEGER NOT NULL,
   "satisfaction" REAL
) STRICT;

CREATE TABLE "document_topics" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "topic" TEXT NOT NULL,
   "polarity" TEXT NOT NULL,
   PRIMARY KEY ("document_id", "topic")
) STRICT;

CREATE TABLE "clauses" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "clause_no" INTEGER NOT NULL,
   "start" INTEGER NOT NULL,
   "end" INTEGER NOT NULL,
   "polarity" TEXT NOT NULL,
   "score" REAL NOT NULL,
   PRIMARY KEY ("document_id", "clause_no")
) STRICT;

CREATE TABLE "clause_topics" (
   "document_id" TEXT NOT NULL,
   "clause_no" INTEGER NOT NULL,
   "topic" TEXT NOT NULL,
   "subtopic" TEXT NOT NULL,
   "polarity" TEXT NOT NULL,
   "score" REAL NOT NULL,
   FOREIGN KEY ("document_id", "clause_no") REFERENCES "clauses"("document_id", "clause_no"),
   PRIMARY KEY ("document_id", "clause_no", "topic", "subtopic")
) STRICT;

CREATE INDEX "idx_clause_topics_topic_subtopic_polarity"
    ON "clause_topics" ("topic", "subtopic", "polarity");

CREATE TABLE "signals" (
   "document_id" TEXT NOT NULL REFERENCES "documents"("id"),
   "signal_no" INTEGER NOT NULL,
   "type" TEXT NOT NULL,
   "start" INTEGER NOT NULL,
   "end" INTEGER NOT NULL,
   "score" REAL NOT NULL,
   "origin" TEXT NOT NULL,
   "clause_no" INTEGER,
   PRIMARY KEY ("document_id", "signal_no")
) STRICT;

CREATE INDEX "idx_signals_type"
    ON "signals" ("type");

CREATE TABLE "quarantine" (
   "id" INTEGER PRIMARY KEY NOT NULL,
   "file_id" INTEGER NOT NULL REFERENCES "files"("id"),
   "row" INTEGER NOT NULL,
   "column" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   "excerpt" TEXT NOT NULL,
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id")
) STRICT;

CREATE INDEX "idx_quarantine_file_id"
    ON "quarantine" ("file_id");

CREATE INDEX "idx_quarantine_run_id"
    ON "quarantine" ("run_id");

CREATE TABLE "forgotten" (
   "id" INTEGER PRIMARY KEY NOT NULL,
   "forgotten_at" TEXT NOT NULL,
   "run_id" INTEGER REFERENCES "runs"("id"),
   "what" TEXT NOT NULL,
   "source" TEXT NOT NULL,
   "documents" INTEGER NOT NULL
) STRICT;

CREATE INDEX "idx_forgotten_run_id"
    ON "forgotten" ("run_id");

CREATE TABLE "forgotten_customers" (
   "digest" TEXT PRIMARY KEY NOT NULL
) STRICT;

CREATE TABLE "silence" (
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id"),
   "period_type" TEXT NOT NULL,
   "period_start" TEXT NOT NULL,
   "topic" TEXT NOT NULL,
   "channel" TEXT NOT NULL,
   "dimension" TEXT NOT NULL,
   "member" TEXT NOT NULL,
   "documents" INTEGER NOT NULL,
   "mentions" INTEGER NOT NULL,
   "dissatisfied" INTEGER NOT NULL,
   "silent" INTEGER NOT NULL,
   "complaining" INTEGER NOT NULL,
   "leaving" INTEGER NOT NULL,
   "intensity" REAL,
   "silent_share" REAL,
   "silent_low" REAL,
   "silent_high" REAL,
   "complaint_share" REAL,
   "complaint_low" REAL,
   "complaint_high" REAL,
   "silence_ratio" REAL,
   "ratio_low" REAL,
   "ratio_high" REAL,
   PRIMARY KEY ("run_id", "period_type", "period_start", "topic", "channel", "dimension", "member")
) STRICT;

CREATE TABLE "silence_signals" (
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id"),
   "period_type" TEXT NOT NULL,
   "period_start" TEXT NOT NULL,
   "topic" TEXT NOT NULL,
   "channel" TEXT NOT NULL,
   "dimension" TEXT NOT NULL,
   "member" TEXT NOT NULL,
   "signal" TEXT NOT NULL,
   "documents" INTEGER NOT NULL,
   "silent" INTEGER NOT NULL,
   PRIMARY KEY ("run_id", "period_type", "period_start", "topic", "channel", "dimension", "member", "signal")
) STRICT;

CREATE TABLE "findings" (
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id"),
   "rank" INTEGER NOT NULL,
   "kind" TEXT NOT NULL,
   "topic" TEXT NOT NULL,
   "subtopic" TEXT NOT NULL,
   "channel" TEXT NOT NULL,
   "dimension" TEXT NOT NULL,
   "member" TEXT NOT NULL,
   "period_type" TEXT NOT NULL,
   "period_start" TEXT NOT NULL,
   "silent" INTEGER NOT NULL,
   "n" INTEGER NOT NULL,
   "share" REAL NOT NULL,
   "base_silent" INTEGER NOT NULL,
   "base_n" INTEGER NOT NULL,
   "base_share" REAL NOT NULL,
   "lift" REAL,
   "low" REAL NOT NULL,
   "high" REAL NOT NULL,
   "excess" REAL NOT NULL,
   "p_value" REAL NOT NULL,
   "q_value" REAL NOT NULL,
   "terms" TEXT NOT NULL,
   "document_ids" TEXT NOT NULL,
   PRIMARY KEY ("run_id", "rank")
) STRICT;

CREATE TABLE "taxonomy" (
   "topic" TEXT NOT NULL,
   "subtopic" TEXT PRIMARY KEY NOT NULL,
   "zh" TEXT NOT NULL,
   "en" TEXT NOT NULL,
   "root_cause" TEXT NOT NULL,
   "customer_cost" TEXT NOT NULL,
   "servqual" TEXT NOT NULL
) STRICT;

CREATE TABLE "data_dictionary" (
   "relation" TEXT NOT NULL,
   "column" TEXT NOT NULL,
   "type" TEXT NOT NULL,
   "unit" TEXT NOT NULL,
   "denominator" TEXT NOT NULL,
   "null_meaning" TEXT NOT NULL,
   "description" TEXT NOT NULL,
   PRIMARY KEY ("relation", "column")
) STRICT;

CREATE VIRTUAL TABLE documents_fts USING fts5(terms, content='', tokenize='ascii');

CREATE VIEW "report_summary" AS SELECT t."id", t."started_at", t."finished_at", t."trigger", t."title", t."config_hash", t."lexicon_hash", t."taxonomy_hash", t."model_hash", t."code_version", t."segmenter", t."rows_read", t."kept", t."quarantined", t."withheld", t."masked", t."duplicates", t."no_content", t."spam", t."copies", t."documents", t."dissatisfied", t."silent", t."complaints", t."leaving" FROM runs AS t WHERE t.id = (SELECT max(id) FROM runs);

CREATE VIEW "report_silence" AS SELECT t."period_type", t."period_start", t."topic", t."channel", t."dimension", t."member", t."documents", t."mentions", t."dissatisfied", t."silent", t."complaining", t."leaving", t."intensity", t."silent_share", t."silent_low", t."silent_high", t."complaint_share", t."complaint_low", t."complaint_high", t."silence_ratio", t."ratio_low", t."ratio_high" FROM silence AS t WHERE t.run_id = (SELECT max(id) FROM runs);

CREATE VIEW "report_signals" AS SELECT t."period_type", t."period_start", t."topic", t."channel", t."dimension", t."member", t."signal", t."documents", t."silent" FROM silence_signals AS t WHERE t.run_id = (SELECT max(id) FROM runs);

CREATE VIEW "report_findings" AS SELECT t."rank", t."kind", t."topic", t."subtopic", t."channel", t."dimension", t."member", t."period_type", t."period_start", t."silent", t."n", t."share", t."base_silent", t."base_n", t."base_share", t."lift", t."low", t."high", t."excess", t."p_value", t."q_value", t."terms", t."document_ids" FROM findings AS t WHERE t.run_id = (SELECT max(id) FROM runs);

CREATE VIEW "report_topics" AS SELECT topic, subtopic, polarity, count(*) AS clauses, count(DISTINCT document_id) AS documents
FROM clause_topics GROUP BY topic, subtopic, polarity;

CREATE VIEW "report_documents" AS SELECT d.id, d.source, d.kind, d.channel, d.external_id, d.question, d.text, d.occurred_at,
       d.period_day, d.customer_key, d.no_content, d.flag, d.copy_of, d.counted,
       r.sentiment, r.sentiment_score, r.dissatisfied,
       r.dissatisfaction_score, r.complaint, r.complaint_score, r.silent, r.leaving,
       r.satisfaction,
       (SELECT json_group_object(a.dimension, a.member) FROM
         (SELECT dimension, member FROM document_attributes
          WHERE document_id = d.id ORDER BY dimension) AS a) AS attributes,
       f.path AS file, d."row"
FROM documents AS d
JOIN files AS f ON f.id = d.file_id
LEFT JOIN readings AS r ON r.document_id = d.id;

CREATE VIEW "report_evidence" AS SELECT s.document_id, 'signal' AS kind, s.type AS label, 'negative' AS polarity, s.start, s."end",
       substr(d.text, s.start + 1, s."end" - s.start) AS evidence, s.score
FROM signals AS s JOIN documents AS d ON d.id = s.document_id
UNION ALL
SELECT t.document_id, 'topic', CASE t.subtopic WHEN '' THEN t.topic ELSE t.topic || '/' ||
       t.subtopic END, t.polarity, c.start, c."end",
       substr(d.text, c.start + 1, c."end" - c.start), t.score
FROM clause_topics AS t
JOIN clauses AS c ON c.document_id = t.document_id AND c.clause_no = t.clause_no
JOIN documents AS d ON d.id = t.document_id;

CREATE VIEW "report_turns" AS SELECT t.document_id, t.turn_no, t.role, t.role_source, t.role_confidence, t.start_ms, t.end_ms,
       substr(d.text, t.start + 1, t."end" - t.start) AS text, t.asr
FROM turns AS t JOIN documents AS d ON d.id = t.document_id;

CREATE VIEW "report_quarantine" AS SELECT f.source, f.path AS file, q."row", q."column", q.reason, q.excerpt, q.run_id
FROM quarantine AS q JOIN files AS f ON f.id = q.file_id;

CREATE VIEW "report_files" AS SELECT t."id", t."source", t."path", t."sha256", t."rows_read", t."kept", t."quarantined", t."withheld", t."duplicates", t."run_id" FROM files AS t;

CREATE VIEW "report_quality" AS SELECT (SELECT coalesce(sum(rows_read), 0) FROM files) AS rows_read,
       (SELECT coalesce(sum(kept), 0) FROM files) AS kept,
       (SELECT coalesce(sum(quarantined), 0) FROM files) AS quarantined,
       (SELECT coalesce(sum(duplicates), 0) FROM files) AS duplicates,
       (SELECT count(*) FROM documents) AS documents,
       (SELECT count(*) FROM documents WHERE no_content = 1) AS no_content,
       (SELECT count(*) FROM documents WHERE flag = 'template') AS templates,
       (SELECT count(*) FROM documents WHERE flag = 'spam') AS spam,
       (SELECT count(*) FROM documents WHERE copy_of IS NOT NULL) AS copies,
       (SELECT count(*) FROM documents WHERE counted = 1) AS counted,
       (SELECT count(*) FROM documents WHERE occurred_at IS NULL) AS without_time,
       (SELECT count(*) FROM documents WHERE customer_key IS NULL) AS without_customer,
       (SELECT coalesce(sum(n), 0) FROM document_masks) AS masked,
       (SELECT count(*) FROM turns) AS turns,
       (SELECT count(*) FROM turns WHERE role = 'unknown') AS unknown_speakers,
       (SELECT count(*) FROM turns WHERE role_source = 'inferred') AS inferred_speakers,
       (SELECT count(*) FROM documents WHERE kind = 'transcript') AS calls,
       (SELECT count(*) FROM documents AS d WHERE kind = 'transcript' AND NOT EXISTS
         (SELECT 1 FROM turns WHERE document_id = d.id AND role = 'customer')) AS unknown_calls,
       (SELECT coalesce(sum(asr_dropped), 0) FROM documents) AS asr_dropped;
