"""About 160 common workplace skills by job family, each with its ESCO 1.2.0 concept URI and a label in our own words.

This service uses the ESCO classification of the European Commission.
"""

from collections.abc import Mapping
from typing import NamedTuple

CONCEPTS = "http://data.europa.eu/esco/skill/"


class Skill(NamedTuple):
    """One skill: the ESCO concept's URI is its id, the label is ours."""

    uri: str
    label: str


def _skill(concept: str, label: str) -> Skill:
    return Skill(CONCEPTS + concept, label)


BY_FAMILY: Mapping[str, tuple[Skill, ...]] = {
    "everyday": (
        _skill("a17286c5-238d-4f0b-bc24-29e9121345de", "Active listening"),
        _skill("b9bb1f03-15e2-4079-943e-7e483b21725b", "Giving feedback"),
        _skill("08e2ff26-88ff-47b5-9d37-d19ace01b075", "Taking feedback"),
        _skill("fd446407-b08e-49da-b8e3-7e7c79618c3f", "Presenting"),
        _skill("5e9e6dea-23d9-46ba-b8ea-749319b48994", "Running meetings"),
        _skill("918f5211-b99f-4b29-9a34-6e475583ef55", "Report writing"),
        _skill("adc6dc11-3376-467b-96c5-9b0a21edc869", "Problem solving"),
        _skill("7dd94ad3-13d6-43fe-8b94-51fcbf67ced9", "Critical thinking"),
        _skill("c624c6a3-b0ba-4a31-a296-0d433fe47e41", "Creative thinking"),
        _skill("4707da90-9cfc-46ca-8de0-38a0b7bfb137", "Analytical thinking"),
        _skill("7d23c508-c007-4221-bb84-0c9a479b8ea6", "Working across cultures"),
        _skill("96de2e86-e287-41f2-88ab-15a2343afc6f", "Resolving conflict"),
        _skill("60c78287-22eb-4103-9c8c-28deaa460da0", "Teamwork"),
        _skill("65ca5e3c-940c-46b2-b277-aff394cfdd4c", "Setting priorities"),
        _skill("d15f8745-28f8-4abf-a7b6-6cb8a304efd2", "Coping with stress"),
        _skill("1973c966-f236-40c9-b2d4-5d71a89019be", "Spreadsheets"),
        _skill("bf5d77ad-e18c-48d8-83f0-bc79c011c74a", "Professional networking"),
        _skill("b080a008-a35d-4bd0-92e9-edf3773bb2b7", "Collaboration tools"),
    ),
    "leading": (
        _skill("1f1d2ff8-c4c1-45cc-9812-6a7ee84a73cb", "Leading a team"),
        _skill("b00e948c-19be-4951-8cff-60f88f1046e9", "Delegating"),
        _skill("0cc9c234-f817-4f4c-908a-4d28fe3b0f4a", "Coaching"),
        _skill("a584a638-a2c0-4b3c-bdf3-a64f87225be9", "Mentoring"),
        _skill("e2d44a9b-f28c-489e-9861-b654b5ded507", "Motivating people"),
        _skill("3c03ee71-4a23-448f-b79e-81fd75d27dca", "Change management"),
        _skill("cd5efa8c-e44d-4cbc-91c6-796018dbed68", "Project management"),
        _skill("6c870993-9341-438b-91c0-c7fe4f96d8f5", "Strategic thinking"),
        _skill("21c5790c-0930-4d74-b3b0-84caf5af12ea", "Managing a budget"),
        _skill("f780a6ad-b01e-4c35-9746-af8fc0c5ad06", "Crisis management"),
    ),
    "software": (
        _skill("f7e2eb04-3e50-4561-bce1-7e51a1fec308", "Software architecture"),
        _skill("2522a6ce-3202-4ac8-9f5b-b9cb5a3a83a1", "Debugging"),
        _skill("7961413f-61d0-4722-9cd9-20a050a29899", "Unit testing"),
        _skill("6a322874-e32f-4cd8-9683-badce67a7f73", "Test automation"),
        _skill("9d1b08b3-ba1e-41f6-a466-1ac1e62eb5f0", "Code review"),
        _skill("2b7a79e5-84d8-4880-be66-3d9bb05bea17", "Design patterns"),
        _skill("5b9cde20-f1b9-4adc-bfb3-dbf70b14138d", "Object-oriented programming"),
        _skill("25b291b5-8245-4d9d-b391-86a8a31d7109", "Concurrent programming"),
        _skill("5ef0c719-5bcb-49f8-b8eb-824388225333", "Scripting"),
        _skill("978db6a1-7297-4c89-819a-47605f2c3ba8", "Release management"),
        _skill("c4b1f326-224a-420a-b8b3-814a8f13b6cb", "Front-end development"),
        _skill("6b643893-0a1f-4f6c-83a1-e7eef75849b9", "Building on cloud services"),
    ),
    "data": (
        _skill("2b92a5b2-6758-4ee3-9fb4-b6387a55cc8f", "Data analysis"),
        _skill("fbafa41f-cd05-4109-a649-8b44d306d779", "Data modelling"),
        _skill("4216e465-7baa-4884-a241-54b197bb9278", "Data mining"),
        _skill("8369c2d6-c100-4cf6-bd83-9668d8678433", "Machine learning"),
        _skill("382c11ed-20d5-4ae7-b60e-15fec527fa6c", "Statistics"),
        _skill("c3e36d05-8ae8-447f-bb2b-6f9409f85389", "Data visualisation"),
        _skill("fd6d2981-3d4a-4ce2-9741-cfc98c5b74bd", "Data warehousing"),
        _skill("713fb616-118e-40bc-9366-4a69879a49d5", "Data quality"),
        _skill("f9670490-8aa4-4540-b121-d440a8294aab", "Data pipelines"),
        _skill("be20d05c-f6b4-4580-9fcf-f00f4baab562", "Deciding with data"),
    ),
    "infrastructure": (
        _skill("11430d93-c835-48ed-8e70-285fa69c9ae6", "Cloud architecture"),
        _skill("ce8ae6ca-61d8-4174-b457-641de96cbff4", "Cloud automation"),
        _skill("0a52bed5-fd29-45fb-aba6-e32bccfda1c1", "Cloud migration"),
        _skill("2164e860-7f20-48bc-b98c-5d9f8a561550", "Network design"),
        _skill("f5ac9226-0ace-4d34-a1c3-7b3845834a98", "Server administration"),
        _skill("8181aa4c-42bc-4036-a3d2-5cb6bbb34239", "Security incident response"),
        _skill("f4a85869-1855-45d5-a43c-7ee8cd451996", "Security testing"),
        _skill("fe1c2b32-7fe9-4668-affa-07ff658a68cf", "Threat modelling"),
        _skill("64852ade-6ae1-4760-ba4a-976bf07ca255", "Disaster recovery"),
        _skill("ab49f767-296b-47d5-af56-0b4a69515b03", "Identity management"),
        _skill("29fb0fb5-dfc4-4098-ac9b-3a712000f48f", "Database administration"),
    ),
    "product": (
        _skill("29fb886c-6be0-4e93-9ea1-232881f2092a", "Product management"),
        _skill("ddfe79e2-c2e3-4ba7-9bdf-3820b4f75b54", "User needs"),
        _skill("a8797f21-1af0-4c5e-98ca-bf1442929363", "Requirements gathering"),
        _skill("fd33c66c-70c4-40e6-b87c-5495bd3bf26e", "Interface design"),
        _skill("07dd856d-6141-48a7-a228-918f88494812", "Prototyping"),
        _skill("be0ff6d8-5e61-4021-9c89-e40cf0b75cc6", "Usability testing"),
        _skill("a4c2aa71-086f-4a46-b481-2619673c9dfe", "User research"),
        _skill("fe39d4db-4cb5-4299-bb9f-896c8fd6ab13", "Market research"),
        _skill("b04f377b-ee80-4b38-aca1-19d266a23b17", "Business analysis"),
        _skill("4d30ad07-9e39-4899-81dd-02b280f162f9", "Design thinking"),
        _skill("7bb5d9af-0a7e-48a7-a860-0e1ded0f6e75", "Experience design"),
        _skill("183134a2-3f8e-4a38-9e81-35c2bec0272b", "Pricing"),
    ),
    "operations": (
        _skill("75b30aeb-34c0-40f4-b77d-271d75a98b14", "Process improvement"),
        _skill("6a7792a9-888a-46ad-afc9-2c0d94c8fde6", "Process modelling"),
        _skill("35ebe444-9ece-4fbc-a55d-e99ea37267ae", "Quality management"),
        _skill("d83cba15-8511-4d07-b89a-9fde0d1d8241", "Quality audits"),
        _skill("c5bc42be-4970-4dce-80e2-af78bae42e84", "Maintenance management"),
        _skill("649b00ec-a70d-4b3a-ae2e-5662964b0fb8", "Maintenance planning"),
        _skill("db9050db-ae5d-4be8-8114-c26f272c3bda", "Health and safety"),
        _skill("7c05199f-7b03-4a4a-afee-7c9dfcf9066a", "Resource planning"),
        _skill("85aa1871-db96-42f7-801f-c39f924de2d7", "Shift planning"),
        _skill("7d0f33ea-e724-4d77-8b75-ee4fe66bb9ba", "Production planning"),
        _skill("b34e2ba1-9080-48c9-9b42-ee9192a4d3f1", "Computer-aided design"),
    ),
    "supply": (
        _skill("ab6265f2-a9bf-49e8-a9a5-67cbab4de38b", "Inventory management"),
        _skill("68e73bf6-2838-4705-86f4-e4bda4ac8a6f", "Demand forecasting"),
        _skill("953c0b65-537a-42fe-a90b-26cd36c64361", "Logistics"),
        _skill("fa7be6bf-f906-4b8e-857d-48a9a7da901c", "Warehouse operations"),
        _skill("9e9a4209-c7cf-4f6e-973e-dc2ffadccc74", "Procurement"),
        _skill("5f2efbdf-08a2-49cd-9c06-bd284e4f0fbf", "Supplier negotiation"),
        _skill("96ec2d53-4f41-4172-8ef2-70742c4bb540", "Supplier risk"),
        _skill("de857fbb-91a6-4a3f-8a47-93a9c1a616c8", "Transport planning"),
        _skill("42ab725f-e57f-4320-a9fd-ac3d6717963d", "Customs"),
        _skill("6962058d-9808-4820-a6bc-d7cabce60cde", "Sustainable procurement"),
    ),
    "sales": (
        _skill("6d97bf55-6fb6-4795-8282-3ef915ae0bb8", "Prospecting"),
        _skill("2f573ad6-1fa6-46c5-a48d-912368fe55aa", "Sales pitches"),
        _skill("71152876-b629-4a99-b9ea-0f25a0d07e4e", "Sales negotiation"),
        _skill("2dd6ecdf-8a08-438b-8b4b-e0374f7b523b", "Sales analysis"),
        _skill("146eccdc-c52a-4d61-9406-3af617caa7d6", "Sales forecasting"),
        _skill("b0b453d0-c5d2-4799-ab26-8d90b17d0e67", "Account planning"),
        _skill("31c83903-8fc8-4bd8-9ca4-7a98a9c31eae", "Customer needs analysis"),
        _skill("9889b795-d755-41b2-8afd-2e3c87a65a38", "CRM systems"),
        _skill("2c4b6914-4b97-4e35-85cb-e6602a8bb04a", "Tendering"),
        _skill("2239694b-771a-4586-8b54-2794e361a9ae", "Customer relationships"),
    ),
    "care": (
        _skill("28d715e3-3e5b-4fb6-8dd2-4be4919c8587", "Handling complaints"),
        _skill("4b95c7bb-5672-4e4a-88ea-ba96c12e8ca2", "Customer experience"),
        _skill("a15dab55-f1da-4f85-ae3e-2b5c5b5333ca", "Service quality"),
        _skill("89ba58e8-a67e-4d2b-ad42-6acab25c241b", "Customer feedback"),
        _skill("6430eb0d-c6de-46b7-a7fc-3dd2e8e62a69", "Ticketing systems"),
        _skill("744442ac-c157-4350-8be0-ce454df4f5c5", "Troubleshooting"),
        _skill("db36f7f1-5900-45bd-9ffb-f2b19c4362ac", "User support"),
        _skill("debb8d81-ed7f-447d-853a-5d107fda6fcf", "Customer follow-up"),
        _skill("44985078-6f4c-42b2-bceb-a37ea224b21d", "Difficult conversations"),
    ),
    "marketing": (
        _skill("9c6e951f-aa88-4890-983d-e7a6ee49f5bb", "Campaign planning"),
        _skill("a0bf9b9d-e53f-418c-a839-5d99eff718fe", "Search optimisation"),
        _skill("64e09849-a7db-4d6b-a932-66264420eb97", "Social media marketing"),
        _skill("ce592b28-4467-4908-b2e6-64bbe18da631", "Copywriting"),
        _skill("36931cb7-ca3f-4be1-8428-f38eefc8e1ed", "E-mail marketing"),
        _skill("6a2c391b-1fcd-4f10-8827-5d1cb4a4d9ad", "Brand positioning"),
        _skill("c1f29568-f2bb-49d2-b6c2-28748bd1629b", "Content management"),
        _skill("a4b7f1be-7058-45e4-ac90-66580499187f", "Event planning"),
        _skill("3c834f6e-523a-49ee-8ed1-e073e28ae6fe", "Communication strategy"),
        _skill("683bc3e3-6ec1-4ad2-8d62-d0ac1fabbe76", "Marketing analytics"),
    ),
    "finance": (
        _skill("60f51172-37c0-4933-a27a-cbf55dcd7580", "Financial statements"),
        _skill("d37bc902-f640-48d7-9db4-544db9aa65fa", "Financial projections"),
        _skill("c5b90c0c-3af0-4c8c-a06c-cc3ced02242c", "Cost accounting"),
        _skill("e4b6f863-fa9f-4fe7-a984-f948f8c90d24", "Cash flow"),
        _skill("7f7756fc-d89d-41d5-93ef-85991603f4ad", "Financial risk"),
        _skill("89ff28d6-342c-435d-83aa-83e71dbbbc96", "Financial audits"),
        _skill("2ecf90f1-c511-464b-b26f-598d69182c70", "Tax"),
        _skill("0c9da986-721e-4f75-b566-0c6c212a8f60", "Investment decisions"),
        _skill("9d916d7c-89b3-4084-a6d9-e2b0b3091404", "Payroll"),
        _skill("48b68726-0fd6-4e03-a5eb-82236516ee7a", "Cost-benefit analysis"),
    ),
    "people": (
        _skill("496932f1-0b6b-4f73-9432-d95c7ddcd43b", "Recruiting"),
        _skill("66d47084-9437-48b2-819b-c4c8214ed650", "Interviewing"),
        _skill("9d9ba780-4aa2-43d2-888c-95a41a713fb9", "Onboarding"),
        _skill("4dafe480-f2ae-46b5-bd5e-8d4e538f50c7", "Training needs"),
        _skill("517f678e-001b-4985-acb4-9edc3500d74c", "Training design"),
        _skill("4c5d616e-f6d8-4fb4-8ce6-89a4b048b916", "Training material"),
        _skill("f77b73f0-8c65-4389-a3ae-3a57a73ad148", "Retention"),
        _skill("301bcf97-4444-461d-82a5-78f3830f9185", "Spotting talent"),
    ),
    "legal": (
        _skill("92721092-fe7c-4689-96bd-4f02385bc0e7", "Contract management"),
        _skill("5b71cb01-0f37-47e0-a617-abcf08c8aa64", "Reading law"),
        _skill("23b97a3e-dfde-4627-9d97-114a9f3e4cd0", "Legal negotiation"),
        _skill("f79e4715-5776-485c-ab7d-631c9b8d70ad", "Contract disputes"),
        _skill("518dc04d-092d-4fa1-bd82-88b7a9278ef7", "Intellectual property"),
        _skill("33a82b83-c838-4889-ae62-fae1317481eb", "Data protection"),
        _skill("1dae8445-12e5-423a-bb26-824010e299b9", "Compliance"),
        _skill("1dd23dba-dd00-45ab-abf4-642902538317", "Risk analysis"),
        _skill("ed0718f6-5823-4c74-9749-2936c9c06203", "Audit planning"),
        _skill("3e5fe3b1-185f-4aad-b673-6a95fa4b19ca", "Internal investigations"),
    ),
}
"""What people of a job family know; `everyday` is for all, `leading` for those who head a unit or want to."""

SINGLE_EXPERT: Mapping[str, Skill] = {
    "software": _skill("93b22bbf-ece1-4e2d-8d47-0c9392c5a4fd", "Blockchain development"),
    "infrastructure": _skill("861313ba-3a1a-4d33-842a-1b8e45e2415b", "Legacy systems"),
    "operations": _skill("ddb65832-91a7-4157-9488-719a0e2ad87b", "Recovery exercises"),
    "finance": _skill("29d80dad-95f7-440c-bda2-22fe93155260", "Forensic accounting"),
    "legal": _skill("cae4146d-71d8-46a8-9a90-748a63c22f25", "Patents"),
}
"""One person of the family is the only one who knows it: what an organization fears to lose."""

SOUGHT: tuple[Skill, ...] = (
    _skill("c8b4b02c-d9ce-4e24-ab43-5dd52c6dff48", "Cutting carbon emissions"),
    _skill("bbcc7e1b-3d4d-4422-9fac-efd636eb9de4", "Sustainability reporting"),
    _skill("7d10fcb2-b368-48ab-996b-7c9fafcf68ed", "Generated code"),
    _skill("872a1632-f1db-4feb-bb27-0a6a359b7591", "Open innovation"),
)
"""Wanted by some, known by nobody: what an organization has yet to learn."""

ALL: tuple[Skill, ...] = (
    *(skill for skills in BY_FAMILY.values() for skill in skills),
    *SINGLE_EXPERT.values(),
    *SOUGHT,
)
