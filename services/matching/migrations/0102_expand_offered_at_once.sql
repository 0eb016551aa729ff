-- A list of what is not in the index yet is read whole by every question: nothing is left for later.
ALTER INDEX people_offered_skills SET (fastupdate = off);
SELECT gin_clean_pending_list('people_offered_skills');
